/** The client against servers that misbehave, over real sockets. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createCaller, inParallel } from '../../src/cli/caller.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Answers each request with the next behaviour, and later requests with the last one. */
async function serve(...answers: ((socket: Socket) => unknown)[]): Promise<string> {
  let asked = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      answers[Math.min(asked, answers.length - 1)]?.(socket)
      asked += 1
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
}

const answer = (status: string, body: string) => (socket: Socket) =>
  void socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)

const fine = answer('200 OK', '{"data":{"fine":true}}')

test('a request whose answer is cut off is repeated', async () => {
  const cut = async (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"da')
    // A reset discards what has not been read. The client runs in this process, so it has read the headers by then.
    await turns(20)
    socket.resetAndDestroy()
  }
  expect(await createCaller(await serve(cut, cut, fine))('{ fine }', {})).toEqual({ fine: true })
})

test('a request that may succeed later is repeated with the same body', async () => {
  const busy = '{"errors":[{"message":"busy","extensions":{"code":"OVERLOADED","retryable":true}}]}'
  const call = createCaller(
    await serve(
      answer('503 Busy', busy),
      answer('502 Bad Gateway', '<html>'),
      (socket) => socket.end(),
      fine,
    ),
  )
  expect(await call('{ fine }', {})).toEqual({ fine: true })
})

test('a request that cannot succeed fails with its code', async () => {
  const bad = '{"errors":[{"message":"no","extensions":{"code":"BAD_USER_INPUT","retryable":false}}]}'
  const call = createCaller(await serve(answer('200 OK', bad)))
  await expect(call('{ fine }', {})).rejects.toMatchObject({ name: 'RequestFailed', code: 'BAD_USER_INPUT' })
})

test('after a failure, no further task starts', async () => {
  let begun = 0
  const tasks = inParallel(4, () => {
    if (begun === 1000) return undefined
    begun += 1
    const number = begun
    return async () => {
      await turns(1)
      if (number === 8) throw new Error('enough')
    }
  })
  await expect(tasks).rejects.toThrow('enough')
  await turns(20)
  expect(begun).toBeLessThan(20)
})

/** Of the event loop: in each, everything is read that has arrived. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
