import { useQuery } from '@tanstack/react-query'
import { client } from '../api.ts'
import { useLiveWorkload } from '../live.ts'

/** A workload as the live stream has it, or as it was read where it was final before. */
export function useWorkload(id: string) {
  const live = useLiveWorkload(id)
  const read = useQuery({
    queryKey: ['workload', id],
    queryFn: () => client.getWorkloadStatus(id),
    enabled: live === undefined,
  })
  const status = live ?? read.data
  return { workload: status?.workload, liveState: status?.liveState ?? null, error: live ? null : read.error }
}
