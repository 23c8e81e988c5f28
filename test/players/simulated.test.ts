import { contract } from './contract.ts'
import { kindOf } from './players.ts'

contract(kindOf('simulated'))
