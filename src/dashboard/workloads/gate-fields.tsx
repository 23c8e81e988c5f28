import { useWords } from '../preferences.tsx'
import type { GateDraft } from './draft.ts'
import { Field, OwnProblem, SelectField } from './fields.tsx'

/** Metrics that gates are mostly set on; a file or the API takes every one. */
const METRICS = ['startupMs', 'rebufferRatio', 'rebufferCount', 'bitrateAvgKbps', 'watchPercent', 'droppedFrames']
const MOST = 20

/** Gates as they are added, changed and removed. */
export function GateFields({
  gates,
  change,
}: {
  gates: readonly GateDraft[]
  change: (gates: readonly GateDraft[]) => void
}) {
  const words = useWords()
  const text = words.form
  const add = () => {
    const key = Math.max(0, ...gates.map((gate) => gate.key)) + 1
    const gate = { metric: 'rebufferRatio', quantile: '0.95', bound: 'max', value: '0.02', minSample: '20' } as const
    change([...gates, { key, ...gate, scope: 'batch', action: 'pause' }])
  }
  return (
    <section className="panel">
      <h2>{text.gates}</h2>
      {gates.map((gate, at) => {
        const set = (part: Partial<GateDraft>) =>
          change(gates.map((one) => (one.key === gate.key ? { ...one, ...part } : one)))
        const path = (name: string) => `gates.${at}.${name}`
        return (
          <fieldset key={gate.key} className="gate">
            <legend>{at + 1}</legend>
            <div className="fields">
              <SelectField
                path={path('metric')}
                label={text.metric}
                value={gate.metric}
                options={METRICS.map((metric) => [metric, metric])}
                onValue={(metric) => set({ metric })}
              />
              <Field
                path={path('quantile')}
                label={text.quantile}
                value={gate.quantile}
                numeric
                onValue={(quantile) => set({ quantile })}
              />
              <SelectField
                path={path('bound')}
                label={`${text.max} / ${text.min}`}
                value={gate.bound}
                options={[
                  ['max', text.max],
                  ['min', text.min],
                ]}
                onValue={(bound) => set({ bound: bound === 'min' ? 'min' : 'max' })}
              />
              <Field
                path={path(gate.bound)}
                label={text[gate.bound]}
                value={gate.value}
                numeric
                onValue={(value) => set({ value })}
              />
              <Field
                path={path('minSample')}
                label={text.minSample}
                value={gate.minSample}
                numeric
                onValue={(minSample) => set({ minSample })}
              />
              <SelectField
                path={path('scope')}
                label={text.scope}
                value={gate.scope}
                options={Object.entries(text.scopes)}
                onValue={(scope) => set({ scope })}
              />
              <SelectField
                path={path('action')}
                label={text.action}
                value={gate.action}
                options={Object.entries(text.actions)}
                onValue={(action) => set({ action })}
              />
            </div>
            <OwnProblem path={`gates.${at}`} />
            <button
              type="button"
              className="button small"
              onClick={() => change(gates.filter(({ key }) => key !== gate.key))}
            >
              {words.common.remove}
            </button>
          </fieldset>
        )
      })}
      {gates.length < MOST && (
        <button type="button" className="button" onClick={add}>
          {text.addGate}
        </button>
      )}
    </section>
  )
}
