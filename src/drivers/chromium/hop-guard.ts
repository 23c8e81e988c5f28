import type { BrowserContext, Page } from 'playwright-core'
import type { ReachPolicy } from '../../origins/guarded-fetch.ts'
import { reachOf } from '../../origins/reach.ts'

/**
 * Holds every request of a page to the paths of its verified origins, redirects included: of an encrypted connection
 * the proxy knows no path, and a policy of the page does not hold a redirect to one (CSP 3, "Paths and redirects").
 */
export async function guardHops(
  context: BrowserContext,
  page: Page,
  policy: ReachPolicy,
  onRefused: (why: string) => void,
): Promise<void> {
  const narrow = policy.origins.filter(({ origin, pathPrefix }) => origin.startsWith('https:') && pathPrefix !== '')
  if (narrow.length === 0) return
  const session = await context.newCDPSession(page)
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const reach = reachOf(request.url, policy)
    if (typeof reach === 'string') onRefused(reach)
    const answer =
      typeof reach === 'string'
        ? session.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' })
        : session.send('Fetch.continueRequest', { requestId })
    // The page may have gone meanwhile.
    answer.catch(() => {})
  })
  await session.send('Fetch.enable', { patterns: narrow.map(({ origin }) => ({ urlPattern: `${origin}/*` })) })
}
