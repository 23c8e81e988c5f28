/**
 * An answer that is waited for, as JSON. Until it is there a space is sent now and then, which JSON allows before it:
 * a client that hears nothing for longer knows that the controller is gone. Where the answer fails, the response breaks
 * off.
 */
export function keptAlive(answer: Promise<unknown>, everyMs: number): Response {
  const encoder = new TextEncoder()
  let timer: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(encoder.encode(' ')), everyMs)
      answer.then(
        (value) => {
          clearInterval(timer)
          controller.enqueue(encoder.encode(JSON.stringify(value)))
          controller.close()
        },
        (error: unknown) => {
          clearInterval(timer)
          controller.error(error)
        },
      )
    },
    cancel() {
      clearInterval(timer)
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}
