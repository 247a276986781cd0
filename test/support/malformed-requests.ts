/** Malformed HTTP requests, and an offer to upgrade to an unsupported protocol. */

export const MALFORMED_REQUESTS = [
  { why: 'no HTTP', bytes: 'HELO mail.example\r\n\r\n' },
  { why: 'TLS', bytes: '\u0016\u0003\u0001\u0002\u0000\u0001' },
  { why: 'a header without a name', bytes: 'GET / HTTP/1.1\r\nhost: localhost\r\n: x\r\n\r\n' },
  { why: 'HTTP/2 without asking', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  {
    why: 'two lengths',
    bytes: 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
  },
  {
    why: 'a length and chunks',
    bytes:
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  },
]

/** The offer that Java’s HttpClient and `curl --http2` send. */
export const H2C_OFFER =
  'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'
