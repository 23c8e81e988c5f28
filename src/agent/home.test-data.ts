// A process that opens the folders that it is told to, and says what came of it. It keeps each until the next.
import { openHome } from './home.ts'

let kept: AsyncDisposable | null = null

process.on('message', async (directory: string) => {
  await kept?.[Symbol.asyncDispose]()
  kept = await openHome(directory).catch((error: Error) => {
    process.send?.(error.name)
    return null
  })
  if (kept !== null) process.send?.('has it')
})
process.send?.('ready')
