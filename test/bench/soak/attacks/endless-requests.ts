/** Sends bodies that arrive byte by byte and never end, and bodies beyond the size limit. */
import { text } from 'node:stream/consumers'
import { openRaw, parseRaw } from '../../../support/raw-http.ts'
import { askRaw } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const POST =
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'
const CHUNK = `1000\r\n${' '.repeat(4096)}\r\n`

export const endlessRequests: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    note(await askRaw(url, `${POST}${CHUNK.repeat(26)}`))
    const socket = await openRaw(url)
    socket.on('error', () => {})
    const leave = () => socket.destroy()
    signal.addEventListener('abort', leave)
    const drip = setInterval(() => socket.write('1\r\n \r\n'), 500)
    socket.write(POST)
    try {
      note(`${parseRaw(await text(socket))?.status} in the end`)
    } finally {
      clearInterval(drip)
      signal.removeEventListener('abort', leave)
    }
  })
