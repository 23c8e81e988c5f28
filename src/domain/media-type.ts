/** Whether an answer is a media file by its type. */
export function isMediaType(contentType: string | null | undefined): boolean {
  return /^(video|audio)\//i.test(contentType ?? '') && !/mpegurl/i.test(contentType ?? '')
}
