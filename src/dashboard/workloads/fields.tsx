import { createContext, type ReactNode, use, useId } from 'react'

/** What is wrong with which field, by its path as the API names it. */
export type Problems = Record<string, string>

export const ProblemsContext = createContext<Problems>({})

/** What is wrong with a field, or with something below it. */
function useProblem(path: string): string {
  const problems = use(ProblemsContext)
  const below = Object.entries(problems).filter(([at]) => at === path || at.startsWith(`${path}.`))
  return below.map(([, message]) => message).join('; ')
}

/** What is wrong with a group of fields as a whole. */
export function OwnProblem({ path }: { path: string }) {
  const problem = use(ProblemsContext)[path]
  return problem === undefined ? null : <p className="problem">{problem}</p>
}

type FieldProps = { path: string; label: string; hint?: string }

function Labelled({
  path,
  label,
  hint,
  children,
}: FieldProps & {
  children: (props: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode
}) {
  const id = useId()
  const problem = useProblem(path)
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-more`, 'aria-invalid': problem !== '' })}
      <p id={`${id}-more`} className={problem ? 'problem' : 'hint'}>
        {problem || hint}
      </p>
    </div>
  )
}

/** A line of text or a number. */
export function Field({
  value,
  placeholder,
  numeric,
  onValue,
  ...field
}: FieldProps & { value: string; placeholder?: string; numeric?: boolean; onValue: (value: string) => void }) {
  return (
    <Labelled {...field}>
      {(props) => (
        <input
          {...props}
          name={field.path}
          value={value}
          placeholder={placeholder}
          inputMode={numeric ? 'decimal' : 'text'}
          autoComplete="off"
          onChange={(event) => onValue(event.target.value)}
        />
      )}
    </Labelled>
  )
}

export function SelectField({
  value,
  options,
  onValue,
  ...field
}: FieldProps & { value: string; options: readonly (readonly string[])[]; onValue: (value: string) => void }) {
  return (
    <Labelled {...field}>
      {(props) => (
        <select {...props} name={field.path} value={value} onChange={(event) => onValue(event.target.value)}>
          {options.map(([key = '', label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  )
}

/** Some of several, in the order in which they were chosen. */
export function CheckList({
  path,
  label,
  hint,
  options,
  chosen,
  onChosen,
  numbered,
}: FieldProps & {
  options: readonly { value: string; label: string }[]
  chosen: readonly string[]
  onChosen: (chosen: readonly string[]) => void
  numbered?: boolean
}) {
  const id = useId()
  const problem = useProblem(path)
  const toggle = (value: string, on: boolean) =>
    onChosen(on ? [...chosen, value] : chosen.filter((one) => one !== value))
  return (
    <fieldset className="field" aria-describedby={`${id}-more`}>
      <legend>{label}</legend>
      <div className="check-list">
        {options.map((option) => (
          <label key={option.value} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(option.value)}
              aria-invalid={problem !== ''}
              onChange={(event) => toggle(option.value, event.target.checked)}
            />
            {numbered && chosen.includes(option.value) && (
              <span className="badge">{chosen.indexOf(option.value) + 1}</span>
            )}
            {option.label}
          </label>
        ))}
      </div>
      <p id={`${id}-more`} className={problem ? 'problem' : 'hint'}>
        {problem || hint}
      </p>
    </fieldset>
  )
}
