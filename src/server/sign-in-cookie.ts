import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { ProblemError } from './problem.ts'

/** What a browser keeps of a token; ends with it, or when nobody came for so long. */
const KEPT_SECONDS = 30 * 24 * 3600

/**
 * Cookies know no ports: controllers on one host are told apart by the name. Over TLS its prefix `__Host-` has browsers
 * take it from this very host alone, and over TLS alone.
 */
function cookieName(c: Context, secure: boolean): string {
  const port = new URL(c.req.url).port
  const name = port === '' ? 'doai_token' : `doai_token_${port}`
  return secure ? `__Host-${name}` : name
}

/**
 * The token of a signed-in browser, as an Authorization header has it. A browser sends its cookie with whatever page
 * asks it to: what changes something must come from a page of this controller.
 *
 * @param secure whether the browser speaks TLS.
 * @throws ProblemError 403
 */
export function cookieAuthorization(c: Context, secure: boolean): string | undefined {
  const token = getCookie(c, cookieName(c, secure))
  if (token === undefined) return undefined
  if (c.req.method !== 'GET' && !isSameOrigin(c)) {
    throw new ProblemError(403, 'A write with a cookie must come from this controller’s own pages.')
  }
  return `Bearer ${token}`
}

/** Browsers say which site asks (Fetch Metadata), and from which origin: neither can be set by a page. */
function isSameOrigin(c: Context): boolean {
  const site = c.req.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin') return false
  const origin = c.req.header('origin')
  if (origin === undefined) return site === 'same-origin'
  return URL.canParse(origin) && new URL(origin).host === c.req.header('host')
}

/** Scripts never see it, and other sites' pages do not make a browser send it. */
export function keepToken(c: Context, secure: boolean, token: string): void {
  setCookie(c, cookieName(c, secure), token, { ...SHAPE, secure, maxAge: KEPT_SECONDS })
}

export function dropToken(c: Context, secure: boolean): void {
  deleteCookie(c, cookieName(c, secure), { ...SHAPE, secure })
}

const SHAPE = { httpOnly: true, sameSite: 'Strict', path: '/' } as const
