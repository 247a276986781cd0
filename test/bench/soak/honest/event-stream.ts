/** A minimal EventSource: it reads results, and does not reconnect. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

/** @returns a function that ends the stream, once the server has accepted it */
export async function openEventStream<Data>(
  url: string,
  body: object,
  onData: (data: Data) => void,
): Promise<() => void> {
  const sent = request(`${url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    agent: false,
  })
  sent.end(JSON.stringify(body))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`The event stream was refused with ${answer.statusCode}.`)
  sent.on('error', () => {})
  let text = ''
  answer.setEncoding('utf8').on('error', () => {})
  answer.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^event: next$[^]*^data: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) onData((JSON.parse(data) as { data: Data }).data)
    }
  })
  return () => sent.destroy()
}
