import { LiveMessage } from '../protocol/live.ts'
import type { Controllers } from './controllers.ts'
import { RETRY_MS, sentEvents, sleep } from './events.ts'
import { ApiError } from './request.ts'

export type LiveOptions = {
  signal?: AbortSignal
  /** Whether a controller is heard: called whenever something came from one, and when one is lost. */
  onConnection?: (state: 'heard' | 'lost') => void
}

/** What has become of the lab; of `lab` it is all that there is. */
export type LiveNews = { kind: 'lab' | 'change'; message: LiveMessage }

/**
 * The lab as it is, whole, then its changes. After each interruption it comes whole anew, of whichever controller
 * answers: nothing is missed.
 *
 * @throws ApiError where the controllers refuse, and the signal's reason where it aborts.
 */
export async function* watchLive(controllers: Controllers, options: LiveOptions = {}): AsyncGenerator<LiveNews> {
  const { signal = new AbortController().signal, onConnection = () => {} } = options
  const onHeard = () => onConnection('heard')
  for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
    const [url = ''] = controllers.urls
    try {
      for await (const { event, data } of sentEvents(controllers, url, '/api/v1/live', { signal, onHeard })) {
        pause = RETRY_MS.first
        if (event === 'lab' || event === 'change') yield { kind: event, message: LiveMessage.parse(JSON.parse(data)) }
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ApiError && error.final) throw error
    }
    signal.throwIfAborted()
    onConnection('lost')
    controllers.failed(url)
    await sleep(controllers.urls.length > 1 ? RETRY_MS.first : pause, signal)
  }
}
