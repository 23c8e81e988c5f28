import { z } from 'zod'
import { positive, storable, text, textLike } from '../domain/fields.ts'
import { PlayerChoice } from '../domain/player-choice.ts'
import { Time } from './identifiers.ts'

export const Video = z.object({
  id: z.uuid(),
  url: z.string(),
  title: z.string(),
  durationSeconds: z.number().nullable(),
  completedCount: z.number(),
})
export type Video = z.infer<typeof Video>

/** Also checked where a workload's file names its videos. */
export const MediaUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https url' })
  .max(2000)
  .check(storable)
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'must carry no user name or password')

export const NewVideo = z.strictObject({
  url: MediaUrl,
  title: text(500).min(1).optional(),
  durationSeconds: positive(864_000).optional(),
})

export const Origin = z.object({
  id: z.uuid(),
  origin: z.string(),
  pathPrefix: z.string(),
  allowPrivate: z.boolean(),
  cmcdMode: z.enum(['query', 'header']),
  state: z.enum(['pending', 'verified', 'failed', 'unreachable']),
  reason: z.string().nullable(),
  checkedAt: Time.nullable(),
  /** What proves control: exactly the token, at this url, or in this DNS TXT record. */
  proof: z.object({ token: z.string(), url: z.string(), dnsRecord: z.string().nullable() }),
})
export type Origin = z.infer<typeof Origin>

export const NewOrigin = z.strictObject({
  origin: z
    .url({ protocol: /^https?$/, error: 'must be scheme, host and port, such as https://media.example.com' })
    .max(500)
    .check(storable)
    .refine((url) => {
      if (!URL.canParse(url)) return true
      const { pathname, search, hash, username } = new URL(url)
      return pathname === '/' && search === '' && hash === '' && username === ''
    }, 'must be scheme, host and port alone; a path goes into pathPrefix')
    .transform((url) => new URL(url).origin),
  pathPrefix: textLike(/^(\/[A-Za-z0-9._~!$&'()*+,=:@-]+)*\/?$/, 500, 'must be a plain path such as /team')
    .refine((path) => !/(^|\/)\.\.?(\/|$)/.test(path), 'must have no . or .. in it')
    .transform((path) => path.replace(/\/$/, ''))
    .default(''),
  allowPrivate: z.boolean().default(false),
  cmcdMode: z.enum(['query', 'header']).default('query'),
})

/** With what player a video is read; Shaka Player if not given. */
export const NewProbe = z.strictObject({ player: PlayerChoice.optional() }).prefault({})

export const Probe = z.object({
  format: z.enum(['hls', 'dash', 'progressive']),
  live: z.boolean(),
  durationSeconds: z.number().nullable(),
  renditions: z.array(
    z.object({
      kind: z.enum(['video', 'audio']),
      bandwidth: z.number(),
      codecs: z.string().nullable(),
      width: z.number().nullable(),
      height: z.number().nullable(),
    }),
  ),
  periods: z.number(),
  protection: z.array(z.string()),
  player: z.object({ name: z.string(), version: z.string() }),
})
