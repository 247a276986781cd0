/** Follows the ledger, loses the connection repeatedly, and resumes after the last movement, without a gap or a repetition. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const QUERY = 'subscription { stockMoved { position } }'
const MOVEMENTS = 20

export const reconnectingWatchers: Client = ({ url }, signal) => {
  let cursor: string | undefined
  let last: number | undefined
  return repeatedly(signal, 100, async (note) => {
    const socket = await LiveSocket.open(url)
    socket.subscribe('a', QUERY, cursor === undefined ? {} : { extensions: { after: cursor } })
    await until(
      () =>
        signal.aborted ||
        socket.closed !== null ||
        socket.results('a').length >= MOVEMENTS ||
        refusal(socket),
    )
    const code = refusal(socket)
    for (const { data, extensions } of socket.results('a')) {
      const position = Number(data.stockMoved.position)
      note(last === undefined || position === last + 1 ? 'a movement' : 'a gap or a repetition')
      last = position
      cursor = extensions?.cursor
    }
    if (code !== undefined) note(code)
    if (socket.closed !== null) note(`closed with ${socket.closed.code}`)
    await socket.close()
  })
}

function refusal({ messages }: LiveSocket): string | undefined {
  const refused = messages.find(({ type }) => type === 'error')
  return refused && (refused.payload as never)[0]['extensions']['code']
}
