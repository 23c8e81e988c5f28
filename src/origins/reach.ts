import ipaddr from 'ipaddr.js'
import type { PlayableOrigin, ReachableOrigin } from '../domain/playable-origin.ts'

/** What a session may reach. `loopback` is whether its own video's url is on loopback. */
export type ReachPolicy<O extends ReachableOrigin = ReachableOrigin> = { origins: readonly O[]; loopback: boolean }

/** The same where what is connected to is to be proved. */
export type SessionPolicy = ReachPolicy<PlayableOrigin>

/** What a request may do: go to addresses of this kind, and no other. */
export type Reach = { kind: 'loopback' } | { kind: 'public' } | { kind: 'private' }

/**
 * Whether a url may be asked for at all, and what addresses its host may have. Pure; resolving and checking the
 * address is for who connects.
 *
 * @returns the reach, or a sentence that says why not.
 */
export function reachOf(url: string, policy: ReachPolicy): Reach | string {
  if (!URL.canParse(url)) return `${JSON.stringify(url.slice(0, 200))} is no url`
  const { protocol, hostname, origin, pathname, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return `${shown(url)} is neither http nor https`
  if (username !== '' || password !== '') return `${shown(url)} carries a user name or password`
  if (isLoopbackHost(hostname)) {
    return policy.loopback ? { kind: 'loopback' } : `${shown(url)} is on loopback, and the video is not`
  }
  const holding = policy.origins.filter((one) => one.origin === origin)
  if (holding.length === 0) return `${origin} is not a verified origin`
  const allowed = holding.filter((one) => holdsPath(one, pathname))
  if (allowed.length === 0) return `${shown(url)} is outside the verified path of ${origin}`
  return allowed.some((one) => one.allowPrivate) ? { kind: 'private' } : { kind: 'public' }
}

/** The verified origin that holds a url: the one with the longest path. Undefined for a url on loopback. */
export function holderOf<O extends ReachableOrigin>(url: string, { origins }: ReachPolicy<O>): O | undefined {
  const { origin, pathname } = new URL(url)
  return origins
    .filter((one) => one.origin === origin && holdsPath(one, pathname))
    .sort((a, b) => b.pathPrefix.length - a.pathPrefix.length)[0]
}

/**
 * The same for an encrypted connection, of which host and port alone are known. Where records of one origin differ, it
 * is held to the strictest.
 */
export function reachOfOrigin(origin: string, policy: ReachPolicy): Reach | string {
  const { hostname } = new URL(origin)
  if (isLoopbackHost(hostname)) {
    return policy.loopback ? { kind: 'loopback' } : `${origin} is on loopback, and the video is not`
  }
  const holding = policy.origins.filter((one) => one.origin === origin)
  if (holding.length === 0) return `${origin} is not a verified origin`
  return holding.every((one) => one.allowPrivate) ? { kind: 'private' } : { kind: 'public' }
}

/** Whether a url's host is this machine. False for what is no url. */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname)
}

/** Whether a host is this machine by name or by literal address. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === 'localhost.') return true
  const literal = hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(literal) && ipaddr.process(literal).range() === 'loopback'
}

/** Whether an address that a host resolved to, or is, lies within a reach; a sentence where it does not. */
export function refusedAddress(address: string, reach: Reach): string | null {
  if (!ipaddr.isValid(address)) return `${address} is no address`
  const range = ipaddr.process(address).range()
  if (reach.kind === 'loopback') return range === 'loopback' ? null : `${address} is not on loopback`
  if (range === 'unicast') return null
  const isPrivate = range === 'private' || range === 'uniqueLocal' || range === 'carrierGradeNat'
  if (!isPrivate) return `${address} is a ${range} address`
  return reach.kind === 'private' ? null : `${address} is a private address, and the origin does not allow those`
}

/** A prefix holds whole segments of the path, and nothing that a server might read as a way out of it. */
function holdsPath({ pathPrefix }: ReachableOrigin, pathname: string): boolean {
  if (pathPrefix === '') return true
  // Url parsing has resolved dots, plain and percent-encoded; what is left is what servers decode on their own.
  if (/%2f|%5c|\\|;|\/\//i.test(pathname)) return false
  return pathname === pathPrefix || pathname.startsWith(`${pathPrefix}/`)
}

/** A url without its query, which may be signed. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
