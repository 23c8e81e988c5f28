import { join } from 'node:path'
import { isLoopbackUrl } from '../../origins/reach.ts'
import { realClock } from '../clock.ts'
import type { Driver } from '../driver.ts'
import { PageHost } from '../player-page/page-host.ts'
import { type Failure, type PageFiles, PageSession } from '../player-page/page-session.ts'
import { AdbServer } from './adb-server.ts'
import type { Phone } from './phone.ts'
import { Phones } from './phones.ts'
import { Slots } from './slots.ts'

export type AdbDriverOptions = {
  env: Readonly<Record<string, string | undefined>>
  /** The agent's folder: which phone has which slot is kept in it. */
  home: string
  labNames: readonly string[]
  page: () => Promise<PageFiles>
  onError: (error: unknown) => void
}

/** A page that has not asked for its session in so long did not open. */
const OPEN_MS = 20_000
/**
 * Without a report for this long, the driver checks whether the browser's process lives; without data for this long, whether
 * the phone has a network.
 */
const QUIET_MS = 4000
const LOOK_MS = 1000

/** Plays in the browsers of Android phones, through the adb server of this machine. */
export async function createAdbDriver(options: AdbDriverOptions): Promise<Driver> {
  const { env, home, labNames, page, onError } = options
  await using stack = new AsyncDisposableStack()
  const files = await page()
  const host = stack.use(await PageHost.start(files))
  const slots = await Slots.open(join(home, 'phones.json'), labNames)
  const browser = env.DOAI_ANDROID_BROWSER || null
  const phones = stack.use(new Phones({ server: new AdbServer(env), slots, clock: realClock, browser, onError }))
  const parts = stack.move()
  const onPhone = async (phone: Phone, session: PageSession) => {
    const ports = [host.port, ...portsOf(session.assignment.video.url)]
    using _ = host.open(session)
    await slots.keepChanged(phone.serial, phone.original)
    try {
      await Promise.all([phone.wake(), phone.forward(ports)])
      await phone.open(`http://localhost:${host.port}${session.path}`)
      await opened(session)
      await Promise.all([
        session.attended(),
        inBackground(phone, session),
        watch(phone, session),
        watchNetwork(phones, phone, session),
      ])
      await blameNetwork(phones, phone, session)
    } finally {
      if (!phone.gone.aborted) await putBack(phone, ports, slots, onError)
    }
  }
  return {
    name: 'adb',
    identity: ({ labName }) => phones.identity(labName),
    health: ({ labName }) => phones.health(labName),
    async play(assignment, signal, onLive) {
      const session = new PageSession({
        ...{ assignment, players: files.players, clock: realClock },
        ...{ onLive, background: true, signal },
      })
      const phone = phones.at(assignment.device.labName)
      if (typeof phone === 'string') session.fail(failed('device', 'phone_offline', phone))
      if (typeof phone === 'string' || session.over.aborted) return session.report()
      const vanished = () => session.fail(failed('lost', 'phone_gone', 'the phone was disconnected'))
      phone.gone.addEventListener('abort', vanished, { once: true, signal: session.over })
      try {
        await onPhone(phone, session)
      } catch (error) {
        // A command may fail well before its phone is told to be gone.
        if (!(await phones.isThere(phone))) vanished()
        session.fail(failed('device', 'phone', (error as Error).message))
      }
      return session.report()
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function failed(kind: 'device' | 'lost', code: string, message: string): Failure {
  return { kind, permanent: false, code, message }
}

/** A stream on this machine is on a phone's `localhost` by the same port. */
function portsOf(videoUrl: string): number[] {
  if (!isLoopbackUrl(videoUrl)) return []
  const { port, protocol } = new URL(videoUrl)
  return [Number(port) || (protocol === 'https:' ? 443 : 80)]
}

/** Until its page asked for its session; one that does not is the phone's failure. */
async function opened(session: PageSession): Promise<void> {
  const deadline = realClock.now() + OPEN_MS
  while (!session.opened && !session.over.aborted) {
    if (realClock.now() > deadline) {
      const message = `its page did not open within ${OPEN_MS / 1000} s`
      session.fail(failed('device', 'page_not_opened', message))
    }
    await realClock.sleep(50, session.over)
  }
}

/** Goes home and comes back when the plan says so. */
async function inBackground(phone: Phone, session: PageSession): Promise<void> {
  await session.playing
  for (const one of session.assignment.plan.interactions) {
    if (one.kind !== 'background') continue
    await realClock.sleep(one.atMs - session.playedMs, session.over)
    if (session.over.aborted) return
    await phone.home()
    session.interacted(one.kind, 'done')
    await realClock.sleep(one.forMs, session.over)
    if (!session.over.aborted) await phone.front()
  }
}

/** A browser that was killed cannot say so. */
async function watch(phone: Phone, session: PageSession): Promise<void> {
  while (!session.over.aborted) {
    await realClock.sleep(LOOK_MS, session.over)
    if (session.over.aborted || session.silentMs < QUIET_MS) continue
    if (!(await phone.playerLives())) session.fail(failed('lost', 'browser_gone', 'its browser ended'))
  }
}

/** While no data comes, the network is looked at: one that was lost for a moment is back before the player gives up. */
async function watchNetwork(phones: Phones, phone: Phone, session: PageSession): Promise<void> {
  while (!session.over.aborted) {
    await realClock.sleep(LOOK_MS, session.over)
    const { dataSinceMs } = session
    if (session.over.aborted || realClock.now() - dataSinceMs < QUIET_MS) continue
    await phones.hasHadNetwork(phone, dataSinceMs).catch(() => {})
    await realClock.sleep(QUIET_MS, session.over)
  }
}

/** A stream that cannot be reached is not to blame where the phone had no network since data last came. */
async function blameNetwork(phones: Phones, phone: Phone, session: PageSession): Promise<void> {
  const { failure, dataSinceMs } = session
  if (failure === null || !['transfer', 'timeout'].includes(failure.code)) return
  const network = await phones.hasHadNetwork(phone, dataSinceMs).catch(() => true)
  if (!network) session.explain(failed('device', 'no_network', 'the phone had no network'))
}

/** Whatever cannot be put back now is put back when the phone is next seen. */
async function putBack(phone: Phone, ports: number[], slots: Slots, onError: (error: unknown) => void): Promise<void> {
  try {
    await Promise.all([phone.goHome(), phone.takeBack(ports)])
    await slots.keepChanged(phone.serial, null)
  } catch (error) {
    if (!phone.gone.aborted) onError(new Error(`${phone.serial}: ${(error as Error).message}`))
  }
}
