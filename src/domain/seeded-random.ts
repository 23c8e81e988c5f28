import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'

/** A stream of chance that belongs to a key: the same parts give the same stream, on any machine. */
export function seededRandom(...parts: readonly string[]): RandomGenerator {
  return xoroshiro128plus(hash32(parts))
}

/** A number from 0 to below 1 that follows from the parts alone: one draw, where no stream of them is needed. */
export function uniformOf(...parts: readonly string[]): number {
  return (hash32(parts) >>> 0) / 0x1_0000_0000
}

/** FNV-1a, 32 bit, with murmur3's finaliser to spread neighbouring keys. A signed whole number. */
function hash32(parts: readonly string[]): number {
  const text = parts.join('\u0000')
  let h = 0x811c9dc5
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
