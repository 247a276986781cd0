import type { FastifyReply } from 'fastify'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** Sends an error in GraphQL's form, for requests that do not reach GraphQL. */
export function refuse(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  extensions: Record<string, unknown> = {},
): FastifyReply {
  return reply
    .code(status)
    .type(JSON_TYPE)
    .send(refusalBody(code, message, extensions))
}

export function refusalBody(code: string, message: string, extensions: Record<string, unknown> = {}): string {
  return JSON.stringify({ errors: [{ message, extensions: { code, retryable: false, ...extensions } }] })
}
