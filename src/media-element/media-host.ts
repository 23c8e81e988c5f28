import type { DeviceProfile } from './device-profile.ts'
import type { MediaSource } from './media-source.ts'
import type { PageClock } from './page-clock.ts'

/** The page that a media element is in. */
export type MediaHost = {
  clock: PageClock
  profile: DeviceProfile
  /** What its elements ask for by themselves. */
  network: (request: Request) => Promise<Response>
  /** What `URL.createObjectURL` gave out, by url. */
  objectUrls: Map<string, MediaSource | Blob>
}

/** Queues a task: it runs after what runs now, and after what was queued before. */
export function queueTask({ clock }: MediaHost, task: () => void): void {
  clock.after(0, task)
}
