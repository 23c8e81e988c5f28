/**
 * An answer that is waited for, as JSON. Until it is there a space is sent now and then, which JSON allows before it:
 * a client that hears nothing for longer knows that the controller is gone. Where the answer fails, nothing follows: the client asks
 * again, and is told why before anything is sent.
 */
export function keptAlive(answer: Promise<unknown>, everyMs: number): Response {
  const encoder = new TextEncoder()
  let gone = false
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    clearInterval(timer)
    const was = gone
    gone = true
    return was
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(encoder.encode(' ')), everyMs)
      answer.then(
        (value) => {
          if (end()) return
          controller.enqueue(encoder.encode(JSON.stringify(value)))
          controller.close()
        },
        () => {
          if (!end()) controller.close()
        },
      )
    },
    cancel() {
      end()
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}
