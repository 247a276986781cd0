import type { Frame } from './frame.ts'

/** How a live operation is written to an HTTP response, in ASCII. */
export interface StreamFormat {
  /** @param type one of the types in the `Accept` header, in lower case */
  readonly accepts: (type: string) => boolean
  readonly headers: Readonly<Record<string, string>>
  readonly start: string
  readonly result: (frame: Frame) => string
  readonly heartbeat: string
  /**
   * The end of an operation that has failed.
   *
   * @param errors as JSON
   * @param restart the client cannot resume and must start without a cursor
   */
  readonly failure: (errors: string, restart: boolean) => string
}

const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`

const FORMATS: readonly StreamFormat[] = [
  {
    accepts: (type) => type.startsWith('text/event-stream'),
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    start: ':\n\n',
    result: ({ payload, cursor }) =>
      `event: next\n${cursor === null ? '' : `id: ${cursor}\n`}data: ${payload}\n\n`,
    heartbeat: ':\n\n',
    // An empty id makes an `EventSource` send no `Last-Event-ID` when it reconnects.
    failure: (errors, restart) =>
      `event: next\n${restart ? 'id\n' : ''}data: {"errors":${errors}}\n\nevent: complete\ndata:\n\n`,
  },
  {
    accepts: (type) => type.startsWith('multipart/mixed') && SPECIFICATION.test(type),
    headers: { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' },
    start: '--graphql',
    result: ({ payload }) => part(`{"payload":${payload}}`),
    heartbeat: part('{}'),
    failure: (errors) => `${part(`{"payload":null,"errors":${errors}}`)}--\r\n`,
  },
]

const MAY_BE_STREAM = /event-stream|subscriptionspec/i
/** Takes time linear in the length of the type. */
const SPECIFICATION = /;\s*subscriptionspec="?1\.0/

/** @returns undefined if the client accepts none of them */
export function streamFormatOf(accept: string): StreamFormat | undefined {
  if (!MAY_BE_STREAM.test(accept)) return undefined
  const types = accept
    .toLowerCase()
    .split(',')
    .map((type) => type.trim())
  return FORMATS.find(({ accepts }) => types.some(accepts))
}
