/** Offers to change to another protocol, which the server has to ignore. */
import { H2C_OFFER } from '../../../support/malformed-requests.ts'
import { askRaw } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const BODY = '{"query":"{ __typename }"}'
const POST = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`

export const h2cOffers: Client = ({ url }, signal) =>
  repeatedly(signal, 500, async (note) => {
    for (const offer of [H2C_OFFER, 'connection: Upgrade, close\r\nupgrade: TLS/1.0\r\n'])
      note(await askRaw(url, `${POST}${offer.replace('connection: ', 'connection: close, ')}\r\n${BODY}`))
  })
