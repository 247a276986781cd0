/** Sends requests with the host name of another machine, without a host, and with an invalid host. */
import { askRaw } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const HOSTS = ['host: evil.example\r\n', 'host: 10.0.0.1\r\n', 'host: a b\r\n', 'host: <script>\r\n', '']

export const foreignHosts: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note, nth) => {
    for (const host of [...HOSTS, `host: evil-${nth}.example\r\n`])
      note(await askRaw(url, `GET /graphql?query={__typename} HTTP/1.1\r\n${host}connection: close\r\n\r\n`))
  })
