/** So many devices on so many workstations; a command for each. */
export type Size = { workstations: number; devices: number }

/** One way of doing the work: create the commands, lease, start and complete each with its result. */
export type Contestant = {
  name: string
  /** Makes ready, untimed, in a database of its own; what it gives does the work once. */
  prepare(
    databaseUrl: string,
    size: Size,
  ): Promise<AsyncDisposable & { ready?(): Promise<void>; work(): Promise<void> }>
}

/** Connections of each contestant. */
export const POOL = 10

export function names({ workstations }: Size): string[] {
  return Array.from({ length: workstations }, (_, at) => `WS${String(at + 1).padStart(3, '0')}`)
}

/** Opens every connection of a pool, so that none is opened in the time that is taken. */
export async function warm(query: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: POOL }, query))
}

/** Every workstation's work, as many at once as there are connections. */
export async function eachWorkstation(size: Size, work: (workstation: string) => Promise<void>): Promise<void> {
  const waiting = names(size)
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: POOL }, worker))
}
