#!/usr/bin/env bash
# Makes media/ladder: a CMAF ladder of 717 frames at 29.97 frames a second (23.92 s), three H.264 renditions and separate
# 44.1 kHz AAC audio in closed GOPs of 60 frames (2.002 s), as HLS and DASH over the same segments, and the lowest
# rendition as one MP4. No duration in it is a whole number of seconds, as in most real streams. Needs ffmpeg with libx264.
set -euo pipefail
cd "$(dirname "$0")/../media/ladder"
rm -f ./*
video() { echo "-b:v:$1 $2k -maxrate:v:$1 $2k -bufsize:v:$1 $(($2 * 2))k -s:v:$1 $3"; }
# shellcheck disable=SC2046
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "testsrc2=size=854x480:rate=30000/1001" -f lavfi -i "sine=frequency=440:sample_rate=44100" \
  -t 23.9239 -map 0:v -map 0:v -map 0:v -map 1:a \
  -c:v libx264 -preset slow -profile:v main -pix_fmt yuv420p -g 60 -keyint_min 60 -sc_threshold 0 -flags +cgop+bitexact \
  $(video 0 90 426x240) $(video 1 170 640x360) $(video 2 290 854x480) \
  -c:a aac -b:a 32k -ac 1 -fflags +bitexact -map_metadata -1 \
  -f dash -dash_segment_type mp4 -seg_duration 2.002 -use_template 1 -use_timeline 0 \
  -hls_playlist 1 -hls_master_name master.m3u8 -adaptation_sets "id=0,streams=v id=1,streams=a" manifest.mpd
ffmpeg -hide_banner -loglevel error -y -i media_0.m3u8 -i media_3.m3u8 -map 0:v -map 1:a -c copy \
  -fflags +bitexact -map_metadata -1 -movflags +faststart progressive.mp4
du -sb . | cut -f1
