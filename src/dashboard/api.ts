import { QueryClient } from '@tanstack/react-query'
import { ApiError, createClient } from '../client/index.ts'

/** The API of the controller that this page comes from; the cookie says who asks. */
export const client = createClient({ url: location.origin, token: null })

/** What was read stays until something says that it changed; what the controller refuses is not asked again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.final),
    },
  },
})

/** Of lists that the live stream tells nothing of: how often they are read again, at the least, while they are seen; ms. */
export const FLOOR_MS = 15_000

/** Every item of a list that comes in pages, as far as `most`. */
export async function allPages<T>(
  read: (cursor: string | undefined) => Promise<{ items: T[]; nextCursor: string | null }>,
  most: number,
): Promise<{ items: T[]; whole: boolean }> {
  const items: T[] = []
  let cursor: string | null | undefined
  do {
    const page = await read(cursor ?? undefined)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < most)
  return { items, whole: cursor === null }
}

/** What an error says to people, and what fields of a form it is about. */
export function problemOf(error: unknown): { message: string; errors: { path: string; message: string }[] } {
  if (error instanceof ApiError) return { message: error.message, errors: error.problem?.errors ?? [] }
  return { message: error instanceof Error ? error.message : String(error), errors: [] }
}
