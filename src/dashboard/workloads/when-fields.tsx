import { useQuery } from '@tanstack/react-query'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import type { Draft, ProfileDraft, StartDraft } from './draft.ts'
import { FieldList } from './field-list.tsx'
import { Field, OwnProblem, SelectField } from './fields.tsx'

type Part = { draft: Draft; change: (part: Partial<Draft>) => void }

/** When it starts, between which hours it may run, and what holds at which hour. */
export function WhenFields({ draft, change }: Part) {
  const text = useWords().form
  const { start, window } = draft
  const set = (part: Partial<StartDraft>) => change({ start: { ...start, ...part } })
  return (
    <section className="panel">
      <h2>{text.when}</h2>
      <div className="fields">
        <SelectField
          path="start"
          label={text.start}
          value={start.how}
          options={Object.entries(text.starts)}
          onValue={(how) => set({ how: how as StartDraft['how'] })}
        />
        {start.how === 'after' && <AfterFields start={start} set={set} />}
        {start.how === 'schedule' && <ScheduleFields start={start} set={set} />}
      </div>
      <div className="fields">
        <Field
          path="window.from"
          label={text.windowFrom}
          placeholder="01:00"
          value={window.from}
          onValue={(from) => change({ window: { ...window, from } })}
        />
        <Field
          path="window.to"
          label={text.windowTo}
          placeholder="06:00"
          value={window.to}
          onValue={(to) => change({ window: { ...window, to } })}
        />
        <SelectField
          path="timeProfiles.kind"
          label={text.profiles}
          value={draft.profiles.kind}
          options={Object.entries(text.profileKinds)}
          onValue={(kind) => change({ profiles: { ...draft.profiles, kind: kind as Draft['profiles']['kind'] } })}
        />
        <Field
          path="timeZone"
          label={text.timeZone}
          hint={text.timeZoneHint}
          value={draft.timeZone}
          onValue={(timeZone) => change({ timeZone })}
        />
      </div>
      {draft.profiles.kind === 'own' && (
        <ProfileFields
          profiles={draft.profiles.own}
          onProfiles={(own) => change({ profiles: { ...draft.profiles, own } })}
        />
      )}
    </section>
  )
}

type StartPart = { start: StartDraft; set: (part: Partial<StartDraft>) => void }

function AfterFields({ start, set }: StartPart) {
  const words = useWords()
  const text = words.form
  const { data } = useQuery({
    queryKey: ['workloads', 'latest'],
    queryFn: async () => (await client.getWorkloads({ limit: 100 })).items,
  })
  const options = (data ?? []).map(({ id, name, status }) => [id, `${name} (${words.statuses[status]})`])
  return (
    <>
      <SelectField
        path="after"
        label={text.after}
        value={start.after}
        options={[['', '…'], ...options]}
        onValue={(after) => set({ after })}
      />
      <SelectField
        path="after.on"
        label={text.afterOn}
        value={start.on}
        options={Object.entries(text.afterOns)}
        onValue={(on) => set({ on: on === 'end' ? 'end' : 'success' })}
      />
    </>
  )
}

function ScheduleFields({ start, set }: StartPart) {
  const text = useWords().form
  return (
    <>
      <Field
        path="cron"
        label={text.cron}
        hint={text.cronHint}
        placeholder="0 1 * * *"
        value={start.cron}
        onValue={(cron) => set({ cron })}
      />
      <Field
        path="jitterSeconds"
        label={text.jitterSeconds}
        placeholder="0"
        value={start.jitterSeconds}
        numeric
        onValue={(jitterSeconds) => set({ jitterSeconds })}
      />
      <SelectField
        path="overlap"
        label={text.overlap}
        value={start.overlap}
        options={Object.entries(text.overlaps)}
        onValue={(overlap) => set({ overlap: overlap === 'queue' ? 'queue' : 'skip' })}
      />
      <SelectField
        path="whenPaused"
        label={text.whenPaused}
        value={start.whenPaused}
        options={Object.entries(text.whenPauseds)}
        onValue={(choice) => set({ whenPaused: choice === 'skip' ? 'skip' : 'cancel_and_start' })}
      />
      <Field
        path="catchUpSeconds"
        label={text.catchUpSeconds}
        hint={text.catchUpHint}
        placeholder="3600"
        value={start.catchUpSeconds}
        numeric
        onValue={(catchUpSeconds) => set({ catchUpSeconds })}
      />
    </>
  )
}

const MOST = 24
const FIRST: Omit<ProfileDraft, 'key'> = {
  from: '',
  to: '',
  batchSizePercent: '',
  batchIntervalSeconds: '',
  cycleIntervalSeconds: '',
}

function ProfileFields({
  profiles,
  onProfiles,
}: {
  profiles: readonly ProfileDraft[]
  onProfiles: (profiles: readonly ProfileDraft[]) => void
}) {
  const text = useWords().form
  return (
    <>
      <OwnProblem path="timeProfiles.profiles" />
      <FieldList
        all={profiles}
        most={MOST}
        first={FIRST}
        add={text.addProfile}
        pathOf={(profile) => `timeProfiles.profiles.${profiles.indexOf(profile)}`}
        onAll={onProfiles}
      >
        {(profile, set, path) => (
          <>
            <Field
              path={`${path}.from`}
              label={text.from}
              placeholder="02:00"
              value={profile.from}
              onValue={(from) => set({ from })}
            />
            <Field
              path={`${path}.to`}
              label={text.to}
              placeholder="06:00"
              value={profile.to}
              onValue={(to) => set({ to })}
            />
            {(['batchSizePercent', 'batchIntervalSeconds', 'cycleIntervalSeconds'] as const).map((name) => (
              <Field
                key={name}
                path={`${path}.${name}`}
                label={text[name]}
                value={profile[name]}
                numeric
                onValue={(value) => set({ [name]: value })}
              />
            ))}
          </>
        )}
      </FieldList>
    </>
  )
}
