import type { BrowserContext, Page } from 'playwright-core'
import { isPermanentStatus } from '../../domain/failure.ts'
import type { Failure, PageSession } from '../player-page/page-session.ts'

/** The status of the latest answer by url, without its query. */
export type Answers = ReadonlyMap<string, number>

/**
 * Listens to what the network answers a page: CORS withholds from the page itself what it may not read, even that it
 * is missing.
 */
export async function overhear(context: BrowserContext, page: Page): Promise<Answers> {
  const answers = new Map<string, number>()
  const asked = new Map<string, string>()
  const session = await context.newCDPSession(page)
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    asked.set(requestId, request.url.split('?')[0] ?? request.url)
  })
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    const url = asked.get(requestId)
    if (url !== undefined) answers.set(url, statusCode)
  })
  const forget = ({ requestId }: { requestId: string }) => asked.delete(requestId)
  session.on('Network.loadingFinished', forget)
  session.on('Network.loadingFailed', forget)
  await session.send('Network.enable')
  return answers
}

/** Says of a failed transfer what its page could not know. */
export function explainWithheld(session: PageSession, answers: Answers): void {
  const { failure } = session
  if (failure?.code !== 'transfer') return
  const [url, status] = [...answers].findLast(([url]) => failure.message.startsWith(`${url}:`)) ?? []
  if (url !== undefined && status !== undefined) session.explain(withheld(url, status))
}

function withheld(url: string, status: number): Failure {
  if (status >= 400) {
    const permanent = isPermanentStatus(status)
    return { kind: 'content', permanent, code: `http_${status}`, message: `${url}: HTTP ${status}` }
  }
  const message = `${url}: its answer has no Access-Control-Allow-Origin that lets a page read it (CORS)`
  return { kind: 'content', permanent: true, code: 'cors', message }
}
