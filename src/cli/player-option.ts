import { Option } from 'commander'
import { DEFAULT_PLAYER, PLAYER_NAMES, type PlayerName } from '../domain/player-choice.ts'

export type PlayerFlag = { player?: PlayerName }

/** `--player`. @param what it is chosen for */
export function playerOption(what: string): Option {
  return new Option('--player <player>', `${what} (default: ${DEFAULT_PLAYER.name})`).choices(PLAYER_NAMES)
}

/** The choice as the API takes it; nothing where none was made. */
export function chosenPlayer({ player }: PlayerFlag): { player?: { name: PlayerName } } {
  return player === undefined ? {} : { player: { name: player } }
}
