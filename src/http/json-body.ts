/** Request bodies: JSON in UTF-8, optionally gzipped, with a size limit before and after unpacking. Anything else gets a 4xx status. */
import { isUtf8 } from 'node:buffer'
import { gunzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { shorten } from '../lib/shorten.ts'

export const MAX_BODY_BYTES = 100 * 1024

/** Fastify's error handler sends the status and the message to the client. */
class InvalidBody extends Error {
  override readonly name = 'InvalidBody'
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** Types that browsers send to other origins without a preflight request. */
const FORM_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']

export function acceptJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(FORM_TYPES, (request, _, done) => done(wrongType(400, request)))
  server.addContentTypeParser('*', (request, _, done) => done(wrongType(415, request)))
  // Fails on a key named `__proto__`.
  const parse = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { 'content-type': type, 'content-encoding': encoding } = request.headers
    let text: string
    try {
      text = textOf(body, type, encoding)
    } catch (error) {
      done(error as InvalidBody)
      return
    }
    void parse(request, text, done)
  })
}

function wrongType(status: 400 | 415, { headers: { 'content-type': type } }: FastifyRequest): InvalidBody {
  const problem =
    type === undefined ? 'The request has no content type' : `The content type ${type} is not supported`
  return new InvalidBody(status, `${shorten(problem, MAX_QUOTED_CHARACTERS)}; send application/json.`)
}

const MAX_QUOTED_CHARACTERS = 200
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i

function textOf(body: Buffer, type = '', encoding = 'identity'): string {
  const charset = CHARSET.exec(type)?.[1] ?? 'utf-8'
  if (!/^utf-?8$/i.test(charset)) {
    throw new InvalidBody(
      415,
      `The charset ${shorten(charset, MAX_QUOTED_CHARACTERS)} is not supported; send UTF-8.`,
    )
  }
  const plain = decoded(body, encoding)
  if (!isUtf8(plain)) throw new InvalidBody(400, 'The body is not UTF-8.')
  return plain.toString()
}

function decoded(body: Buffer, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case 'identity':
      return body
    case 'gzip':
      return gunzip(body)
    default:
      throw new InvalidBody(
        415,
        `The content encoding ${shorten(encoding, MAX_QUOTED_CHARACTERS)} is not supported; send gzip or none.`,
      )
  }
}

/** Stops at the limit: a hundred bytes can unpack to megabytes. */
function gunzip(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new InvalidBody(413, `The unpacked body has more than ${MAX_BODY_BYTES} bytes.`)
      : new InvalidBody(400, 'The body is not gzip.')
  }
}
