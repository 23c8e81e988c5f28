/** What our requests end their `User-Agent` with, so that an origin's own analytics can tell the test apart. */
export function testUserAgent(version: string): string {
  return `DoAiWorkload/${version} (+playback-test)`
}
