import type { ByteStreamParser } from './byte-stream.ts'
import { contentTypeOf } from './device-profile.ts'
import { SegmentParser } from './segment-parser.ts'
import { WebmParser } from './webm-parser.ts'

/** @param type such as `video/webm; codecs="vp9"` */
export function parserOf(type: string): ByteStreamParser {
  return contentTypeOf(type)?.container.endsWith('/webm') ? new WebmParser() : new SegmentParser()
}
