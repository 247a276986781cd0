/** Sends malformed HTTP, and headers that are too large. */
import { maxHeaderSize } from 'node:http'
import { MALFORMED_REQUESTS } from '../../../support/malformed-requests.ts'
import { askRaw } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const TOO_LARGE = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(maxHeaderSize)}\r\n\r\n`

export const malformedRequests: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    for (const { bytes } of MALFORMED_REQUESTS) note(await askRaw(url, bytes))
    note(await askRaw(url, TOO_LARGE))
  })
