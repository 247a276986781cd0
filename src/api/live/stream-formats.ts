import type { Frame } from './frame.ts'

/** How a live operation is written to an HTTP response. All of it is ASCII. */
export interface StreamFormat {
  readonly accepts: RegExp
  readonly headers: Readonly<Record<string, string>>
  readonly start: string
  readonly result: (frame: Frame) => string
  readonly heartbeat: string
  /** The operation has failed, with these errors as JSON. */
  readonly failure: (errors: string) => string
}

const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`

const FORMATS: readonly StreamFormat[] = [
  {
    accepts: /text\/event-stream/,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    start: ':\n\n',
    result: ({ payload, cursor }) =>
      `event: next\n${cursor === null ? '' : `id: ${cursor}\n`}data: ${payload}\n\n`,
    heartbeat: ':\n\n',
    failure: (errors) => `event: next\ndata: {"errors":${errors}}\n\nevent: complete\ndata:\n\n`,
  },
  {
    accepts: /multipart\/mixed[^,]*;\s*subscriptionSpec="?1\.0/i,
    headers: { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' },
    start: '--graphql',
    result: ({ payload }) => part(`{"payload":${payload}}`),
    heartbeat: part('{}'),
    failure: (errors) => `${part(`{"payload":null,"errors":${errors}}`)}--\r\n`,
  },
]

/** @returns undefined if the client accepts none of them */
export const streamFormatOf = (accept: string): StreamFormat | undefined =>
  FORMATS.find(({ accepts }) => accepts.test(accept))
