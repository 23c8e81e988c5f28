import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from '@tanstack/react-router'
import { problemOf } from './api.ts'
import { LabPage } from './lab/lab-page.tsx'
import { useWords } from './preferences.tsx'
import type { ResultSearch } from './results/results-tab.tsx'
import { BYS } from './results/samples.ts'
import { FIGURES } from './ui/format.ts'
import { Heading, Shell } from './ui/shell.tsx'
import { Busy, Empty } from './ui/states.tsx'
import { LEVELS } from './workloads/log-tab.tsx'
import { STATUSES } from './workloads/workloads-page.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Broken })
const at = <P extends string>(path: P) => ({ getParentRoute: () => root, path }) as const

const lab = createRoute({ ...at('/'), component: LabPage })
const device = createRoute({
  ...at('/devices/$name'),
  component: lazyRouteComponent(() => import('./lab/device-page.tsx'), 'DevicePage'),
})
const workloads = createRoute({
  ...at('/workloads'),
  validateSearch: (search): { status?: (typeof STATUSES)[number] | undefined; name?: string | undefined } => ({
    status: STATUSES.find((one) => one === search.status),
    name: textOf(search.name),
  }),
  component: lazyRouteComponent(() => import('./workloads/workloads-page.tsx'), 'WorkloadsPage'),
})
const newWorkload = createRoute({
  ...at('/workloads/new'),
  component: lazyRouteComponent(() => import('./workloads/new-workload-page.tsx'), 'NewWorkloadPage'),
})
const workload = createRoute({
  ...at('/workloads/$id'),
  component: lazyRouteComponent(() => import('./workloads/workload-page.tsx'), 'WorkloadPage'),
})
const below = <P extends string>(path: P) => ({ getParentRoute: () => workload, path }) as const
const timeline = createRoute({
  ...below('/'),
  component: lazyRouteComponent(() => import('./workloads/timeline-tab.tsx'), 'TimelineTab'),
})
const results = createRoute({
  ...below('/results'),
  validateSearch: (search): ResultSearch => ({
    figure: FIGURES.find((one) => one === search.figure),
    by: BYS.find((one) => one === search.by),
    key: textOf(search.key),
    from: numberOf(search.from),
    to: numberOf(search.to),
    against: textOf(search.against),
  }),
  component: lazyRouteComponent(() => import('./results/results-tab.tsx'), 'ResultsTab'),
})
const commands = createRoute({
  ...below('/commands'),
  component: lazyRouteComponent(() => import('./workloads/commands-tab.tsx'), 'CommandsTab'),
})
const log = createRoute({
  ...below('/log'),
  validateSearch: (search): { level?: (typeof LEVELS)[number] | undefined } => ({
    level: LEVELS.find((one) => one === search.level),
  }),
  component: lazyRouteComponent(() => import('./workloads/log-tab.tsx'), 'LogTab'),
})
const settings = createRoute({
  ...below('/settings'),
  component: lazyRouteComponent(() => import('./workloads/settings-tab.tsx'), 'SettingsTab'),
})
const session = createRoute({
  ...at('/sessions/$id'),
  component: lazyRouteComponent(() => import('./results/session-page.tsx'), 'SessionPage'),
})
const videos = createRoute({
  ...at('/videos'),
  component: lazyRouteComponent(() => import('./setup/videos-page.tsx'), 'VideosPage'),
})
const origins = createRoute({
  ...at('/origins'),
  component: lazyRouteComponent(() => import('./setup/origins-page.tsx'), 'OriginsPage'),
})
const workstations = createRoute({
  ...at('/workstations'),
  component: lazyRouteComponent(() => import('./setup/workstations-page.tsx'), 'WorkstationsPage'),
})
const tokens = createRoute({
  ...at('/tokens'),
  component: lazyRouteComponent(() => import('./setup/tokens-page.tsx'), 'TokensPage'),
})

const schedules = createRoute({
  ...at('/schedules'),
  component: lazyRouteComponent(() => import('./workloads/schedules-page.tsx'), 'SchedulesPage'),
})

const parts = workload.addChildren([timeline, results, commands, log, settings])
const runs = [workloads, newWorkload, parts, session, schedules] as const
const views = [lab, device, ...runs, videos, origins, workstations, tokens] as const

/** Every view has an address of its own, and what is chosen in it is in its query. */
export const router = createRouter({
  routeTree: root.addChildren(views),
  defaultPendingComponent: Busy,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function NotFound() {
  const words = useWords()
  return (
    <>
      <Heading title={words.common.notFound} />
      <Link to="/" className="button">
        {words.common.toLab}
      </Link>
    </>
  )
}

function Broken({ error }: { error: unknown }) {
  const words = useWords()
  return (
    <Empty title={words.common.failed} how={problemOf(error).message}>
      <button type="button" className="button" onClick={() => location.reload()}>
        {words.common.again}
      </button>
    </Empty>
  )
}
