import type { BrowserContext, Page } from 'playwright-core'
import { isMarked, type Mark } from '../../origins/cmcd.ts'
import type { ReachPolicy } from '../../origins/reach.ts'
import { reachOf } from '../../origins/reach.ts'

export type RequestGuardOptions = {
  policy: ReachPolicy
  /** The origin of the page itself, on this machine: asked as it is. */
  pageOrigin: string
  mark: Mark
  /** What the way out wants to know of who comes: without it any program of this machine could use it. */
  credentials: { username: string; password: string }
  onRefused: (why: string) => void
}

/**
 * Holds every request of a page, each hop of a redirect, to the policy, and marks as a test what its page has not
 * marked. The page cannot: a redirect is followed by the browser, whose requests carry no more than the `Location` says;
 * of an encrypted connection the proxy knows no path; and a policy of the page does not hold a redirect to one (CSP 3,
 * "Paths and redirects").
 */
export async function guardRequests(context: BrowserContext, page: Page, options: RequestGuardOptions): Promise<void> {
  const { policy, pageOrigin, mark, credentials, onRefused } = options
  const session = await context.newCDPSession(page)
  const answered = (answer: Promise<unknown>) => {
    // The page may have gone meanwhile.
    answer.catch(() => {})
  }
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const { url, headers } = request
    if (url.startsWith(`${pageOrigin}/`)) return answered(session.send('Fetch.continueRequest', { requestId }))
    const reach = reachOf(url, policy)
    if (typeof reach === 'string') {
      onRefused(reach)
      return answered(session.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }))
    }
    const marked = isMarked({ url, headers }) ? {} : changed(mark(url), headers)
    answered(session.send('Fetch.continueRequest', { requestId, ...marked }))
  })
  session.on('Fetch.authRequired', ({ requestId, authChallenge }) => {
    const authChallengeResponse =
      authChallenge.source === 'Proxy'
        ? { response: 'ProvideCredentials' as const, ...credentials }
        : { response: 'CancelAuth' as const }
    answered(session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse }))
  })
  const patterns = [{ urlPattern: 'http://*' }, { urlPattern: 'https://*' }]
  await session.send('Fetch.enable', { patterns, handleAuthRequests: true })
}

/** All headers are given where one is added. */
function changed({ url, headers: added }: ReturnType<Mark>, headers: Record<string, string>) {
  if (Object.keys(added).length === 0) return { url }
  return { headers: Object.entries({ ...headers, ...added }).map(([name, value]) => ({ name, value })) }
}
