/** What it resolves with, or `late`. What comes of it later, good or bad, is of no use to anybody. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => resolve('late'), ms)
  try {
    promise.catch(() => {})
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
