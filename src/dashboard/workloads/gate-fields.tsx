import { useWords } from '../preferences.tsx'
import type { GateDraft } from './draft.ts'
import { FieldList } from './field-list.tsx'
import { Field, SelectField } from './fields.tsx'

/** Metrics that gates are mostly set on; a file or the API takes every one. */
const METRICS = ['startupMs', 'rebufferRatio', 'rebufferCount', 'bitrateAvgKbps', 'watchPercent', 'droppedFrames']
const MOST = 20
const FIRST: Omit<GateDraft, 'key'> = {
  metric: 'rebufferRatio',
  quantile: '0.95',
  bound: 'max',
  value: '0.02',
  minSample: '20',
  scope: 'batch',
  action: 'pause',
}

export function GateFields({
  gates,
  onGates,
}: {
  gates: readonly GateDraft[]
  onGates: (gates: readonly GateDraft[]) => void
}) {
  const text = useWords().form
  return (
    <section className="panel">
      <h2>{text.gates}</h2>
      <FieldList
        all={gates}
        most={MOST}
        first={FIRST}
        add={text.addGate}
        pathOf={(gate) => `gates.${gates.indexOf(gate)}`}
        onAll={onGates}
      >
        {(gate, set, path) => (
          <>
            <SelectField
              path={`${path}.metric`}
              label={text.metric}
              value={gate.metric}
              options={METRICS.map((metric) => [metric, metric])}
              onValue={(metric) => set({ metric })}
            />
            <Field
              path={`${path}.quantile`}
              label={text.quantile}
              value={gate.quantile}
              numeric
              onValue={(quantile) => set({ quantile })}
            />
            <SelectField
              path={`${path}.bound`}
              label={`${text.max} / ${text.min}`}
              value={gate.bound}
              options={[
                ['max', text.max],
                ['min', text.min],
              ]}
              onValue={(bound) => set({ bound: bound === 'min' ? 'min' : 'max' })}
            />
            <Field
              path={`${path}.${gate.bound}`}
              label={text[gate.bound]}
              value={gate.value}
              numeric
              onValue={(value) => set({ value })}
            />
            <Field
              path={`${path}.minSample`}
              label={text.minSample}
              value={gate.minSample}
              numeric
              onValue={(minSample) => set({ minSample })}
            />
            <SelectField
              path={`${path}.scope`}
              label={text.scope}
              value={gate.scope}
              options={Object.entries(text.scopes)}
              onValue={(scope) => set({ scope })}
            />
            <SelectField
              path={`${path}.action`}
              label={text.action}
              value={gate.action}
              options={Object.entries(text.actions)}
              onValue={(action) => set({ action })}
            />
          </>
        )}
      </FieldList>
    </section>
  )
}
