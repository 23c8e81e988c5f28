/** Seconds of one frame, by the configuration that a packet begins with (RFC 6716, 3.1). */
const SILK = [0.01, 0.02, 0.04, 0.06]
const HYBRID = [0.01, 0.02]
const CELT = [0.0025, 0.005, 0.01, 0.02]

/** Seconds of sound in a packet; null where it is none. */
export function opusSeconds(packet: Uint8Array): number | null {
  const [first, second] = packet
  if (first === undefined) return null
  const configuration = first >> 3
  const frame =
    configuration < 12
      ? SILK[configuration % 4]
      : configuration < 16
        ? HYBRID[configuration % 2]
        : CELT[configuration % 4]
  const code = first & 3
  const count = code === 0 ? 1 : code < 3 ? 2 : second === undefined ? 0 : second & 0x3f
  return count === 0 || frame === undefined ? null : frame * count
}
