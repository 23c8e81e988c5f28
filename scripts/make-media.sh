#!/usr/bin/env bash
# Makes media/ladder, which the package carries, and the other shapes in test/shapes, which tests draw from. Each is three
# H.264 renditions and separate AAC audio in closed GOPs, as HLS and DASH over the same segments, and the lowest rendition
# with its audio as one MP4. No duration in them is a whole number of seconds, as in most real streams. Needs ffmpeg with
# libx264. Names of shapes as arguments make those only.
set -euo pipefail
cd "$(dirname "$0")/.."

# shape FOLDER SIZES RATE FRAMES_PER_SEGMENT SEGMENT_SECONDS SECONDS KBITS AUDIO_HZ TIMELINE
shape() {
  local folder=$1 rate=$3 gop=$4 segment=$5 seconds=$6 hertz=$8 timeline=$9
  local -a size kbit video=()
  IFS=, read -ra size <<<"$2"
  IFS=, read -ra kbit <<<"$7"
  for at in 0 1 2; do
    video+=("-b:v:$at" "${kbit[at]}k" "-maxrate:v:$at" "${kbit[at]}k" "-bufsize:v:$at" "$((kbit[at] * 2))k" "-s:v:$at" "${size[at]}")
  done
  mkdir -p "$folder"
  rm -f "$folder"/*
  (
    cd "$folder"
    ffmpeg -hide_banner -loglevel error -y \
      -f lavfi -i "testsrc2=size=${size[2]}:rate=$rate" -f lavfi -i "sine=frequency=440:sample_rate=$hertz" \
      -t "$seconds" -map 0:v -map 0:v -map 0:v -map 1:a \
      -c:v libx264 -preset slow -profile:v main -pix_fmt yuv420p -g "$gop" -keyint_min "$gop" -sc_threshold 0 \
      -flags +cgop+bitexact "${video[@]}" -c:a aac -b:a 32k -ac 1 -fflags +bitexact -map_metadata -1 \
      -f dash -dash_segment_type mp4 -seg_duration "$segment" -use_template 1 -use_timeline "$timeline" \
      -hls_playlist 1 -hls_master_name master.m3u8 -adaptation_sets "id=0,streams=v id=1,streams=a" manifest.mpd
    ffmpeg -hide_banner -loglevel error -y -i media_0.m3u8 -i media_3.m3u8 -map 0:v -map 1:a -c copy \
      -fflags +bitexact -map_metadata -1 -movflags +faststart progressive.mp4
  )
  du -sb "$folder"
}

wanted() { [ "${#names[@]}" = 0 ] || [[ " ${names[*]} " == *" $1 "* ]]; }
names=("$@")

# 29.97 frames a second, 23.92 s in segments of 2.002 s.
! wanted ladder || shape media/ladder 426x240,640x360,854x480 30000/1001 60 2.002 23.9239 90,170,290 44100 0
# 23.976 frames a second, segments of 3.003 s in a timeline, 48 kHz.
! wanted film || shape test/shapes/film 320x136,426x180,640x272 24000/1001 72 3.003 27.4441 60,90,120 48000 1
# 50 frames a second, segments of 1.5 s.
! wanted sport || shape test/shapes/sport 320x180,426x240,640x360 50 75 1.5 21.74 60,90,120 48000 0
# 15 frames a second, upright, segments of 61 frames (4.067 s) in a timeline, 22.05 kHz.
! wanted upright || shape test/shapes/upright 180x320,240x426,360x640 15 61 4.0667 33.2667 60,90,120 22050 1

# Small streams of other kinds, for test/players/streams.test.ts: 7.7 s at 25 frames a second.
small() {
  ffmpeg -hide_banner -loglevel error -y -f lavfi -i "testsrc2=size=192x108:rate=25" \
    -f lavfi -i "sine=frequency=440:sample_rate=44100" -t 7.7 -c:v libx264 -preset slow -profile:v main -pix_fmt yuv420p \
    -g 50 -keyint_min 50 -sc_threshold 0 -flags +cgop+bitexact -b:v 60k -maxrate 60k -bufsize 120k \
    -c:a aac -b:a 32k -ac 1 -fflags +bitexact -map_metadata -1 "$@"
}
hls() { small -f hls -hls_time 2 -hls_playlist_type vod "$@"; }

# Segments of MPEG-TS are kept with another ending: to this project's tools `.ts` is something else.
! wanted streams || (
  rm -rf test/streams
  mkdir -p test/streams/{ts,aes,range,sound,list,base,file,webm}
  cd test/streams
  # MPEG-TS, pictures and sound in the same segments; the same encrypted with AES-128.
  (cd ts && hls -hls_segment_filename 's%d.ts' media.m3u8)
  (
    cd aes
    printf '%s' '0123456789abcdef' >key.bin
    printf '%s\n' key.bin key.bin 00000000000000000000000000000000 >info
    hls -hls_key_info_file info -hls_segment_filename 's%d.ts' media.m3u8
    rm info
  )
  for segment in {ts,aes}/*.ts; do mv "$segment" "$segment.bin"; done
  # Fragmented MP4 in one file, by byte ranges of HLS, and of DASH's SegmentList.
  (cd range && hls -hls_segment_type fmp4 -hls_flags single_file -hls_segment_filename all.mp4 media.m3u8)
  (cd list && small -f dash -dash_segment_type mp4 -single_file 1 -seg_duration 2 -use_template 0 -use_timeline 0 \
    -adaptation_sets 'id=0,streams=v id=1,streams=a' manifest.mpd)
  # The same with an index of its own in each file; the test writes its manifest with SegmentBase.
  (cd base && small -f dash -dash_segment_type mp4 -single_file 1 -global_sidx 1 -seg_duration 2 -use_template 0 \
    -use_timeline 0 -adaptation_sets 'id=0,streams=v id=1,streams=a' manifest.mpd && rm manifest.mpd)
  # Sound alone, packed AAC.
  (cd sound && ffmpeg -hide_banner -loglevel error -y -f lavfi -i 'sine=frequency=440:sample_rate=44100' -t 7.7 -c:a aac \
    -b:a 32k -ac 1 -fflags +bitexact -f segment -segment_format adts -segment_time 2 -segment_list_type m3u8 \
    -segment_list media.m3u8 's%d.aac')
  # Progressive files: their index first, last and in fragments; sound alone; a container that is not MP4.
  (
    cd file
    small -movflags +faststart first.mp4
    small last.mp4
    small -movflags +frag_keyframe+empty_moov+default_base_moof fragments.mp4
    ffmpeg -hide_banner -loglevel error -y -i last.mp4 -vn -c:a copy -fflags +bitexact sound.m4a
    ffmpeg -hide_banner -loglevel error -y -i last.mp4 -t 4 -c:v libvpx-vp9 -b:v 40k -c:a libopus -b:a 24k -fflags +bitexact \
      clusters.webm
    ffmpeg -hide_banner -loglevel error -y -i last.mp4 -t 2 -vn -c:a libvorbis -b:a 32k -fflags +bitexact other.ogg
  )
  # DASH with segments of WebM, VP9 and Opus.
  (cd webm && ffmpeg -hide_banner -loglevel error -y -i ../file/last.mp4 -c:v libvpx-vp9 -b:v 40k -g 50 -keyint_min 50 \
    -c:a libopus -b:a 24k -fflags +bitexact -f dash -dash_segment_type webm -seg_duration 2 -use_timeline 1 \
    -adaptation_sets 'id=0,streams=v id=1,streams=a' manifest.mpd)
)
