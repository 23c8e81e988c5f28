import type { PlayerConfig } from './player-adapter.ts'

/**
 * The settings that a player does not have, as paths such as `streaming.bufferingGoal`: a misspelt setting changes
 * nothing, and nobody would notice. Below a default that is empty or no object, anything may be set.
 *
 * @param defaults the player's own settings.
 */
export function unknownSettings(config: PlayerConfig, defaults: object, path = ''): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const at = `${path}${name}`
    if (!Object.hasOwn(defaults, name)) return [at]
    const own: unknown = Reflect.get(defaults, name)
    if (!isObject(own) || !isObject(value) || Object.keys(own).length === 0) return []
    return unknownSettings(value, own, `${at}.`)
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
