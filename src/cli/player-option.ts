import { Option } from 'commander'
import { DEFAULT_PLAYER, PLAYER_NAMES } from '../domain/player-choice.ts'

/** `--player`. @param what it is chosen for */
export function playerOption(what: string): Option {
  return new Option('--player <player>', `${what} (default: ${DEFAULT_PLAYER.name})`).choices(PLAYER_NAMES)
}
