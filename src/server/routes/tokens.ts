import type { Engine } from '../../engine/engine.ts'
import { createToken } from '../../engine/tokens.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'

/** Tokens, which only an admin makes. */
export function tokenRoutes(engine: Engine, mount: Mount): void {
  mount(calls.createToken, async ({ body }) => {
    const { name, role, workstation = null } = body
    return { token: await createToken(engine, name, { role, workstation }) }
  })
}
