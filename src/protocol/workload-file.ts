import { z } from 'zod'
import { uuid } from '../domain/fields.ts'
import { MediaUrl, NewVideo } from './catalogue.ts'
import { NewWorkload } from './workload.ts'

const FileVideo = z.union([uuid.transform((id) => ({ id })), MediaUrl.transform((url) => ({ url })), NewVideo], {
  error: 'must be an http or https url, an id of the catalogue, or {url, title, durationSeconds}',
})

/** A workload as a YAML or JSON file has it: videos by their urls, all else as the API takes it. */
export const WorkloadFile = z.strictObject({
  ...NewWorkload.shape,
  videoIds: z.undefined({ error: "is the API's name: a file names its videos under videos" }).optional(),
  // Looked for also among videos that are wrong in another way, so that every mistake is named at once.
  videos: z
    .array(FileVideo)
    .min(1)
    .max(10_000)
    .refine((videos) => namedTwice(videos) === null, {
      when: () => true,
      error: ({ input }) => `names the video ${namedTwice(input)} twice`,
    }),
})
export type WorkloadFile = z.output<typeof WorkloadFile>

function namedTwice(videos: unknown): string | null {
  if (!Array.isArray(videos)) return null
  const keys = videos.map((video: string | { id?: string; url?: string } | null) => {
    return typeof video === 'string' ? video : (video?.id ?? video?.url)
  })
  return keys.find((key, at) => key !== undefined && keys.indexOf(key) < at) ?? null
}
