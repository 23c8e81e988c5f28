import { describe } from 'vitest'
import { AGAIN_WHERE_ADB_ENDS } from '../support/android/adb-server.ts'
import { contract } from './contract.ts'
import { kindOf } from './players.ts'

describe('adb', AGAIN_WHERE_ADB_ENDS, () => contract(kindOf('adb')))
