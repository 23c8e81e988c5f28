import type { Phone } from '../phone.ts'
import type { PhoneCommand } from '../shell.ts'

/** Each in the words of Android 14, of which only what scripts read is here. */
const SERVICES: Record<string, (phone: Phone, args: string[]) => string> = {
  activity: (phone, [part]) => (part === 'activities' ? activities(phone) : ''),
  battery,
  connectivity,
  display,
  power,
  window: (phone, [part]) => (part === 'policy' ? policy(phone) : policy(phone) + displayContents(phone)),
}

export const dumpsys: PhoneCommand = ([service = '', ...args], phone) => {
  const dump = SERVICES[service]
  if (dump === undefined) return { err: `Can't find service: ${service}\n` }
  return { out: dump(phone, args) }
}

const WARMEST_HEALTHY_C = 60
/** android.os.BatteryManager's constants. */
const STATUS = { charging: 2, discharging: 3, full: 5 }
const HEALTH = { good: 2, overheat: 3 }

function battery({ state }: Phone): string {
  const status = state.power === 'none' ? 'discharging' : state.batteryLevel === 100 ? 'full' : 'charging'
  return `Current Battery Service state:
  AC powered: ${state.power === 'ac'}
  USB powered: ${state.power === 'usb'}
  Wireless powered: ${state.power === 'wireless'}
  Dock powered: false
  Max charging current: 500000
  Max charging voltage: 5000000
  Charge counter: ${state.batteryLevel * 43_550}
  status: ${STATUS[status]}
  health: ${state.temperatureC >= WARMEST_HEALTHY_C ? HEALTH.overheat : HEALTH.good}
  present: true
  level: ${state.batteryLevel}
  scale: 100
  voltage: 4241
  temperature: ${Math.round(state.temperatureC * 10)}
  technology: Li-ion
`
}

function power({ awake, state }: Phone): string {
  const stayOn = state.settings.global.get('stay_on_while_plugged_in') !== '0' && state.power !== 'none'
  return `POWER MANAGER (dumpsys power)

Power Manager State:
  mDirty=0x0
  mWakefulness=${awake ? 'Awake' : 'Asleep'}
  mWakefulnessChanging=false
  mIsPowered=${state.power !== 'none'}
  mBatteryLevel=${state.batteryLevel}
  mStayOn=${stayOn}
  mBootCompleted=true
  mHoldingWakeLockSuspendBlocker=false
  mHoldingDisplaySuspendBlocker=${awake}

Settings and Configuration:
  mStayOnWhilePluggedInSetting=${state.settings.global.get('stay_on_while_plugged_in')}
  mScreenOffTimeoutSetting=${state.settings.system.get('screen_off_timeout')}

Display Power: state=${awake ? 'ON' : 'OFF'}
`
}

function policy({ awake, locked, state }: Phone): string {
  return `WINDOW MANAGER POLICY STATE (dumpsys window policy)
    mSafeMode=false mSystemReady=true mSystemBooted=true
    mAwake=${awake} mScreenOnEarly=${awake} mScreenOnFully=${awake}
    mDreamingLockscreen=${locked} mShowingDream=false mDreamingSleepToken=null
    isKeyguardShowing=${locked}
    KeyguardServiceDelegate
      showing=${locked}
      inputRestricted=${locked}
      occluded=false
      secure=${state.keyguard === 'secure'}
      dreaming=false
      systemIsReady=true
      deviceHasKeyguard=${state.keyguard !== 'none'}
      enabled=true
      bootCompleted=true
      screenState=${awake ? 'SCREEN_STATE_ON' : 'SCREEN_STATE_OFF'}
      interactiveState=${awake ? 'INTERACTIVE_STATE_AWAKE' : 'INTERACTIVE_STATE_SLEEP'}
`
}

function displayContents({ foreground, awake, locked }: Phone): string {
  const focus = locked ? 'Window{a1d20f6 u0 NotificationShade}' : `Window{3e1f4c9 u0 ${foreground}}`
  return `
WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)
  Display: mDisplayId=0 (organized)
    init=1080x2400 420dpi cur=1080x2400 app=1080x2400
  mCurrentFocus=${awake ? focus : 'null'}
  mFocusedApp=ActivityRecord{c5a7e21 u0 ${foreground} t12}
`
}

/** Nothing is resumed behind a keyguard or on a screen that is off. */
function activities({ foreground, awake, locked }: Phone): string {
  const record = `ActivityRecord{c5a7e21 u0 ${foreground} t12}`
  const resumed = awake && !locked
  return `ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)
Display #0 (activities from top to bottom):
  * Task{7b3c1a0 #12 type=standard A=10145:${foreground.split('/', 1)[0]} U=0 visible=${resumed}}
    isSleeping=${!awake}
${resumed ? `    topResumedActivity=${record}\n    mResumedActivity: ${record}\n` : ''}
  ResumedActivity: ${resumed ? record : 'null'}
  KeyguardController:
    mKeyguardShowing=${locked}
    mAodShowing=false
    mKeyguardGoingAway=false
`
}

function connectivity({ state }: Phone): string {
  const network = 'NetworkAgentInfo{network{101}  handle{437998833677}  ni{WIFI CONNECTED extra: }}'
  return `NetworkProviders for: WifiNetworkFactory, Ethernet

Active default network: ${state.wifi ? '101' : 'none'}

Current Networks:
${state.wifi ? `  ${network}\n` : ''}`
}

function display({ awake }: Phone): string {
  const screen = awake ? 'ON' : 'OFF'
  return `DISPLAY MANAGER (dumpsys display)
  mOnlyCore=false
Display States: size=1
  Display Id=0
  Display State=${screen}
  mScreenState=${screen}
  mBaseDisplayInfo=DisplayInfo{"Built-in Screen", displayId 0, real 1080 x 2400, density 420, state ${screen}}
`
}
