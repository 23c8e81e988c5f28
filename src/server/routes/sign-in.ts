import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { dropToken, keepToken } from '../sign-in-cookie.ts'

/** A browser's cookie for a token: event streams and links then need no header. */
export function signInRoutes(mount: Mount): void {
  const who = ({ name, role }: { name: string; role: string }) => ({ name, role })
  mount(calls.signIn, async ({ principal, header, context, secure }) => {
    const token = header('authorization')?.replace(/^Bearer /, '')
    if (token !== undefined) keepToken(context, secure, token)
    return who(principal)
  })
  mount(calls.getSignIn, async ({ principal }) => who(principal))
  mount(calls.signOut, async ({ context, secure }) => {
    dropToken(context, secure)
    return {}
  })
}
