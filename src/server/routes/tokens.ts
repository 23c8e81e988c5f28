import { readAudit } from '../../engine/audit.ts'
import type { Engine } from '../../engine/engine.ts'
import { createToken, readTokens, revokeToken } from '../../engine/tokens.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { paged, pageOf } from '../page.ts'
import { found } from '../problem.ts'

/** Who may do what, and who did: for admins alone. */
export function tokenRoutes(engine: Engine, mount: Mount): void {
  mount(calls.createToken, ({ body, principal }) => {
    const { name, role, workstation = null, expiresAt } = body
    return createToken(engine, {
      name,
      // What an agent is given is good once.
      role: role === 'agent' ? 'enrolment' : role,
      workstation,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
      createdBy: principal.name,
    })
  })
  mount(calls.getTokens, async () => ({ items: await readTokens(engine), nextCursor: null }))
  mount(calls.revokeToken, async ({ params }) => {
    found((await revokeToken(engine, params.id)) ? true : null, 'token')
    return {}
  })
  mount(calls.getAudit, async ({ query }) => {
    return paged(await readAudit(engine, pageOf(query, 'number')), query.limit, ({ id }) => id)
  })
}
