import { explainedBy, fitAdditiveModel } from './additive-model.ts'
import { holm } from './compare.ts'
import { type Design, designOf, type Factor, factorOf } from './least-squares.ts'

/** A session: all that its figures may be laid at. */
export type AttributedSession = {
  video: string
  device: string
  /** The clock's hour in which it played, such as `02`. */
  hour: string
  /** Its batch's place in its cycle, such as `1`. */
  position: string
  /** What devices share: group, workstation, driver, model, and labels such as `ap`. */
  attributes: Readonly<Record<string, string>>
}

/** What a figure is laid at: a video, a device or what it shares with others, or the time. */
export type Door = {
  door: 'video' | 'device' | 'hour'
  /** What its levels are of: `video`, `device`, an attribute of devices, `hour` or `position`. */
  attribute: string
  /** The worst. */
  level: string
  /** Of that level, beside the mean of all, in the figure's unit; with its 95 % interval. */
  effect: number
  low: number
  high: number
  /** Of the figure's variance, 0–1. */
  share: number
  standsOut: boolean
  /** Doors that it cannot be told apart from by this design. */
  aliasedWith: string[]
}

/** A share of the variance below this is not worth a finding, however sure it is. */
const LEAST_SHARE = 0.05
/** With more devices each is not fitted by itself; what they share is. */
const MOST_DEVICES = 600

/**
 * Lays a figure, one value of each session, at its doors by an additive model of video, device side and time (least squares, errors clustered by
 * device; `fitAdditiveModel`). The device side is what explains it best by Schwarz's (1978) criterion: an attribute that
 * devices share, or the devices one by one. The time is the clock's hour; where each video was played in one hour only,
 * that tells nothing, and it is the batch's place in its cycle: with alternating groups a crossover (Jones & Kenward,
 * Design and Analysis of Cross-Over Trials, 2014). A door stands out if its 95 % interval lies on the bad side, its
 * p-value is below 0.05 after Holm (1979), and it explains 5 % of the variance.
 */
export function attribute(sessions: Sessions, figures: readonly number[], worse: 'higher' | 'lower'): Door[] {
  const values = Float64Array.from(figures)
  const time = timeOf(sessions)
  const side = deviceSideOf(sessions, values)
  const factors = [
    { door: 'video', attribute: 'video' },
    { door: 'device', attribute: side },
    { door: 'hour', attribute: time },
  ] as const
  const told = factors.filter(({ attribute: of }) => of !== null && sessions.count(of) > 1)
  const names = told.flatMap(({ attribute: of }) => (of === null ? [] : [of]))
  // One model tells of all of them, unless some cannot be told apart: then it depends on which comes first.
  const { factors: fitted } = modelOf(sessions, names, values)
  const clear = fitted.every(({ aliasedWith }) => aliasedWith.length === 0)
  const doors = told.flatMap(({ door, attribute: of }) => {
    if (of === null) return []
    const factor = clear ? fitted.find((one) => one.factor === of) : apartFrom(sessions, of, names, values)
    return doorOf(door, factor, worse) ?? []
  })
  const adjusted = holm(doors.map(({ pValue }) => pValue))
  return doors
    .map(({ pValue: _, bad, ...door }, at) => {
      return { ...door, standsOut: bad && (adjusted[at] ?? 1) < 0.05 && door.share >= LEAST_SHARE }
    })
    .sort((a, b) => b.share - a.share)
}

function modelOf(sessions: Sessions, factors: readonly string[], values: Float64Array) {
  return fitAdditiveModel(sessions.design(factors), values, sessions.factor('device'))
}

type Fitted = Omit<Door, 'standsOut'> & { pValue: number; bad: boolean }
type FactorEffects = ReturnType<typeof fitAdditiveModel>['factors'][number]

function doorOf(door: Door['door'], factor: FactorEffects | undefined, worse: 'higher' | 'lower'): Fitted | null {
  const sign = worse === 'higher' ? 1 : -1
  const worst = factor?.levels.toSorted((a, b) => sign * (b.effect - a.effect) || (a.level < b.level ? -1 : 1))[0]
  if (!factor || !worst) return null
  const { factor: attribute, share, aliasedWith, pValue } = factor
  const [low, high] = [worst.low ?? worst.effect, worst.high ?? worst.effect]
  const bad = worse === 'higher' ? low > 0 : high < 0
  return { door, attribute, level: worst.level, effect: worst.effect, low, high, share, aliasedWith, pValue, bad }
}

/** Where it cannot be told apart from another, what both come to is its figure, and the other is named. */
function apartFrom(
  sessions: Sessions,
  of: string,
  names: readonly string[],
  values: Float64Array,
): FactorEffects | undefined {
  const first = (factors: readonly string[]) => modelOf(sessions, factors, values).factors[0]
  const others = names.filter((name) => name !== of)
  const whole = first([of, ...others])
  if (!whole || whole.aliasedWith.length === 0) return whole
  const { aliasedWith } = whole
  const alone = first([of, ...others.filter((one) => !aliasedWith.includes(one))])
  return alone && { ...alone, aliasedWith }
}

/** Sessions that figures are attributed in. What depends on the sessions alone is calculated once for all figures. */
export class Sessions {
  readonly all: readonly AttributedSession[]
  /** Names of the attributes that any of them has, in order. */
  readonly attributes: readonly string[]
  readonly #factors = new Map<string, Factor>()
  readonly #designs = new Map<string, Design>()

  constructor(all: readonly AttributedSession[]) {
    this.all = all
    this.attributes = [...new Set(all.flatMap(({ attributes }) => Object.keys(attributes)))].sort()
  }

  /** How many levels a factor has. */
  count(name: string): number {
    return this.factor(name).levels.length
  }

  factor(name: string): Factor {
    const factor =
      this.#factors.get(name) ??
      factorOf(
        name,
        this.all.map((session) => levelOf(session, name)),
      )
    this.#factors.set(name, factor)
    return factor
  }

  design(names: readonly string[]): Design {
    const key = JSON.stringify(names)
    const factors = names.map((name) => this.factor(name))
    const design = this.#designs.get(key) ?? designOf(this.all.length, factors)
    this.#designs.set(key, design)
    return design
  }
}

function levelOf(session: AttributedSession, factor: string): string {
  if (factor === 'video' || factor === 'device' || factor === 'hour' || factor === 'position') return session[factor]
  return Object.hasOwn(session.attributes, factor) ? (session.attributes[factor] ?? 'none') : 'none'
}

/** The hour, if it tells anything beside the video. */
function timeOf(sessions: Sessions): 'hour' | 'position' {
  if (sessions.count('hour') < 2) return 'position'
  const { aliases } = sessions.design(['hour', 'video'])
  return (aliases.get('hour')?.size ?? 0) > 0 ? 'position' : 'hour'
}

/** What tells devices apart best; null where there is but one. */
function deviceSideOf(sessions: Sessions, values: Float64Array): string | null {
  const devices = sessions.count('device')
  if (devices < 2) return null
  const shared = sessions.attributes.filter((name) => sessions.count(name) > 1 && sessions.count(name) < devices)
  const candidates = [...shared, ...(devices <= MOST_DEVICES ? ['device'] : [])]
  const scored = candidates.map((name) => ({
    name,
    levels: sessions.count(name),
    score: criterion(sessions, name, values),
  }))
  // Where two say the same, the coarser and then the first by name.
  return scored.sort((a, b) => a.score - b.score || a.levels - b.levels || (a.name < b.name ? -1 : 1))[0]?.name ?? null
}

/** Schwarz (1978), but for what is the same for all: smaller is better. */
function criterion(sessions: Sessions, side: string, values: Float64Array): number {
  // Without the time: beside it a group that is always first would explain nothing.
  const factors = ['video', side]
  const explained = explainedBy(sessions.design(factors), values)
  const parameters = factors.reduce((sum, factor) => sum + sessions.count(factor) - 1, 1)
  // What is explained to the last digit must not outweigh any number of parameters.
  const score = values.length * Math.log(Math.max(1e-6, 1 - explained)) + parameters * Math.log(values.length)
  return Math.round(score * 1e6) / 1e6
}
