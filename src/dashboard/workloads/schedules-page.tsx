import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { client, FLOOR_MS } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'

/** What is created and started again and again, when next, and what became of the last time. */
export function SchedulesPage() {
  const words = useWords()
  const { may } = useAccess()
  const query = useQuery({
    queryKey: ['schedules'],
    refetchInterval: FLOOR_MS,
    queryFn: async () => (await client.getSchedules()).items,
  })
  return (
    <>
      <Heading title={words.schedules.title}>
        {may('operator') && (
          <Link to="/workloads/new" className="button primary">
            {words.workloads.create}
          </Link>
        )}
      </Heading>
      <Read query={query}>
        {(schedules) =>
          schedules.length === 0 ? (
            <Empty title={words.schedules.empty} how={words.schedules.emptyHow} />
          ) : (
            <ScheduleTable schedules={schedules} />
          )
        }
      </Read>
    </>
  )
}

type Schedules = Awaited<ReturnType<typeof client.getSchedules>>['items']

function ScheduleTable({ schedules }: { schedules: Schedules }) {
  const words = useWords()
  const { may } = useAccess()
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{words.common.name}</th>
            <th>{words.form.cron}</th>
            <th>{words.form.timeZone}</th>
            <th>{words.schedules.next}</th>
            <th>{words.schedules.last}</th>
            {may('operator') && <th>{words.common.remove}</th>}
          </tr>
        </thead>
        <tbody>
          {schedules.map((schedule) => (
            <tr key={schedule.id}>
              <td className="strong">{schedule.name}</td>
              <td>
                <code>{schedule.cron}</code>
              </td>
              <td>{schedule.timeZone}</td>
              <td>{momentOf(schedule.nextStartsAt, words)}</td>
              <td>
                <Last schedule={schedule} />
              </td>
              {may('operator') && (
                <td>
                  <Confirm
                    danger
                    label={words.common.remove}
                    title={words.schedules.removeTitle(schedule.name)}
                    text={words.schedules.removeText}
                    choices={[
                      { label: words.common.remove, danger: true, act: () => client.removeSchedule(schedule.id) },
                    ]}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

const BAD = new Set(['skipped', 'missed', 'refused', 'failed'])

/** A firing that failed has not been dealt with: `lastAt` is still that of the one before it. */
function Last({ schedule: { lastAt, lastOutcome, lastNote, lastWorkloadId } }: { schedule: Schedules[number] }) {
  const words = useWords()
  if (lastAt === null && lastNote === null) return words.common.unknown
  const at = lastAt === null ? null : momentOf(lastAt, words)
  return (
    <>
      {lastOutcome !== null && (
        <span className={BAD.has(lastOutcome) ? 'badge bad' : 'badge'}>{words.schedules.outcomes[lastOutcome]}</span>
      )}{' '}
      {lastWorkloadId === null ? (
        at
      ) : (
        <Link to="/workloads/$id" params={{ id: lastWorkloadId }}>
          {at}
        </Link>
      )}{' '}
      <span className="quiet">{lastNote}</span>
    </>
  )
}
