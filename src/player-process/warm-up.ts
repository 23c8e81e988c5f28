import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import type { PagePlayback, SessionBrief } from '../protocol/player-messages.ts'
import type { PageNetwork } from '../realm/page-network.ts'

export const MANIFESTS = ['manifest.mpd', 'master.m3u8']
const TYPES: Readonly<Record<string, string>> = { mpd: 'application/dash+xml', m3u8: 'application/vnd.apple.mpegurl' }
/** How often each manifest is played: V8 compiles functions that have run several times. */
const ROUNDS = 2
const PLAYED_SECONDS = 0.3
const LONGEST_MS = 5000

/** Makes a session of a page. Disposing it takes it out of the page. */
type BeginSession = (brief: SessionBrief) => Disposable & { playback: PagePlayback }

/**
 * Plays the bundled stream, so that V8 has compiled the player's code when the first session starts.
 * Otherwise compiling is part of that session's start-up time. Uses no network.
 */
export async function warmUp(begin: BeginSession): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const begun = MANIFESTS.map((manifest) => begin(briefOf(manifest, PLAYED_SECONDS)))
    await Promise.all(begun.map(playOnce))
  }
}

async function playOnce(session: ReturnType<BeginSession>): Promise<void> {
  using begun = session
  const { playback } = begun
  const until = performance.now() + LONGEST_MS
  await Promise.race([playback.play(), delay(LONGEST_MS, undefined, { ref: false })])
  while (playback.report(0).end === null && performance.now() < until) await delay(50)
  await playback.stop()
}

/** A session of the bundled stream. */
export function briefOf(manifest: string, plannedSeconds: number): SessionBrief {
  return {
    ...{ sessionId: `warm-up ${manifest}`, workload: '', device: '', origins: [], background: false },
    video: { id: 'warm-up', url: `http://127.0.0.1/${manifest}`, title: '' },
    plan: { plannedSeconds, interactions: [] },
    player: DEFAULT_PLAYER,
  }
}

/** Reads the files of a folder; returns a network that answers with them. */
export async function folderNetwork(folder: string): Promise<PageNetwork> {
  const names = await readdir(folder)
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  )
  return async ({ url }) => {
    const name = basename(new URL(url).pathname)
    const file = files.get(name)
    if (file === undefined) return new Response(null, { status: 404 })
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'video/mp4'
    const answer = new Response(new Uint8Array(file), { headers: { 'content-type': type } })
    // A page takes the address from its answer.
    return Object.defineProperty(answer, 'url', { value: url })
  }
}
