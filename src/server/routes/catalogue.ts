import { DEFAULT_PLAYER } from '../../domain/player-choice.ts'
import { addVideo, readVideo, readVideos } from '../../engine/catalogue.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Listed, ListVideo } from '../../engine/listing.ts'
import {
  addOrigin,
  type CheckOrigin,
  needsNoProof,
  type OriginRow,
  proofOf,
  readOrigins,
  verifyOrigin,
} from '../../engine/origins.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { paged, pageOf } from '../page.ts'
import { found, ProblemError } from '../problem.ts'

const PROBE_MS = 30_000

export type Catalogue = { engine: Engine; listVideo: ListVideo; checkOrigin: CheckOrigin }

/** Videos and origins. */
export function catalogueRoutes({ engine, listVideo, checkOrigin }: Catalogue, mount: Mount): void {
  mount(calls.createVideo, ({ body, principal }) => {
    // The controller reads it on its own machine: who may not administer it may not have its ports tried out.
    if (needsNoProof(body.url) && principal.role !== 'admin') {
      const message = 'is on loopback, and a video there is added by an admin'
      throw new ProblemError(403, `url: ${message}`, [{ path: 'url', message }])
    }
    return addVideo(engine, body)
  })
  mount(calls.getVideos, async ({ query }) => {
    return paged(await readVideos(engine.pool, pageOf(query, 'id')), query.limit, (video) => video.id)
  })
  mount(calls.getVideo, async ({ params }) => found(await readVideo(engine.pool, params.id), 'video'))
  mount(calls.probeVideo, async ({ params, body, signal }) => {
    found(await readVideo(engine.pool, params.id), 'video')
    const ends = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)])
    return probeOf(await listVideo(params.id, body.player ?? DEFAULT_PLAYER, ends))
  })
  mount(calls.createOrigin, async ({ body }) => {
    if (needsNoProof(body.origin)) {
      const message = 'is on loopback, which needs no proof and no entry here'
      throw new ProblemError(400, `origin: ${message}`, [{ path: 'origin', message }])
    }
    return shown(await addOrigin(engine, body))
  })
  mount(calls.verifyOrigin, async ({ params, signal }) => {
    return shown(found(await verifyOrigin(engine, checkOrigin, params.id, signal), 'origin'))
  })
  mount(calls.getOrigins, async () => ({ items: (await readOrigins(engine)).map(shown), nextCursor: null }))
}

function probeOf(listed: Listed) {
  if (listed.ok) return listed.probe
  throw new ProblemError(409, listed.reason)
}

function shown({ token, ...origin }: OriginRow) {
  return { ...origin, proof: proofOf({ ...origin, token }) }
}
