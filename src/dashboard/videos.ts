import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { allPages, client, queries } from './api.ts'

const MOST = 10_000

/** The catalogue. */
export function useVideos() {
  return useQuery({
    queryKey: ['videos'],
    queryFn: async () =>
      (await allPages((cursor) => client.getVideos({ limit: 1000, ...(cursor ? { cursor } : {}) }), MOST)).items,
  })
}

/** What a video is called; empty until it is known. One that was added since the catalogue was read is read anew. */
export function useVideoTitle(id: string | null): string {
  const { data } = useVideos()
  const title = data?.find((video) => video.id === id)?.title
  const unknown = id !== null && data !== undefined && title === undefined ? id : null
  useEffect(() => {
    if (unknown !== null) void queries.invalidateQueries({ queryKey: ['videos'] })
  }, [unknown])
  return title ?? ''
}
