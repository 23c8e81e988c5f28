import { useWords } from '../preferences.tsx'
import type { LimitDraft } from './draft.ts'
import { FieldList } from './field-list.tsx'
import { Field, SelectField } from './fields.tsx'

const MOST = 20
const FIRST: Omit<LimitDraft, 'key'> = { kind: 'maxConcurrent', label: '', per: '' }

/** What devices with the same value of a label share. */
export function LimitFields({
  limits,
  onLimits,
}: {
  limits: readonly LimitDraft[]
  onLimits: (limits: readonly LimitDraft[]) => void
}) {
  const text = useWords().form
  const ofKind = (kind: string) => limits.filter((one) => one.kind === kind)
  return (
    <section className="panel">
      <h2>{text.limits}</h2>
      <FieldList
        all={limits}
        most={MOST}
        first={FIRST}
        add={text.addLimit}
        pathOf={(limit) => `${limit.kind}.${ofKind(limit.kind).indexOf(limit)}`}
        onAll={onLimits}
      >
        {(limit, set, path) => (
          <>
            <Field
              path={`${path}.label`}
              label={text.limitLabel}
              placeholder="ap"
              value={limit.label}
              onValue={(label) => set({ label })}
            />
            <SelectField
              path={`${path}.kind`}
              label={text.limitKind}
              value={limit.kind}
              options={Object.entries(text.limitKinds)}
              onValue={(kind) => set({ kind: kind === 'maxMbps' ? 'maxMbps' : 'maxConcurrent' })}
            />
            <Field path={`${path}.per`} label={text.max} value={limit.per} numeric onValue={(per) => set({ per })} />
          </>
        )}
      </FieldList>
    </section>
  )
}
