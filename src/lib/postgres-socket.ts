/**
 * Sockets for postgres.js, which by itself connects anew at once, and for ever, to a server that accepts, reads and closes (a
 * load balancer without a server behind it), and without a word about why. Here an attempt that fails is followed by a pause,
 * during which all further ones fail with its cause.
 *
 * TLS is done here, too: the driver would not name the host to the server, and would wait for a server that does not speak it.
 */
import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { Backoff } from './backoff.ts'

/** The place that postgres.js has made out of its URL. */
export interface Address {
  readonly host: readonly string[]
  readonly port: readonly number[]
  /** Of a Unix socket. */
  readonly path: string | false
}

/** The server could not be reached, or closed the connection before it was ready for a statement. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** From the first packet until the server is ready; a little less than a client waits for an answer. */
export const CONNECT_TIMEOUT_S = 4

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/** What the server says when it is ready for the first statement: the message ReadyForQuery, outside of a transaction. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const SSL_ACCEPTED = 'S'.charCodeAt(0)

const CLOSED_EARLY = 'it closes connections before it has answered on them'

/** The sockets of one link. */
export class PostgresSockets {
  readonly #tls: string
  readonly #backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
  /** What the server last said to somebody whom it did not let in. */
  #refusal: unknown = null
  #failure: unknown = null
  /** Attempts under way. */
  #attempts = 0

  constructor(url: string) {
    this.#tls = tlsModeOf(url)
  }

  /**
   * Never fails: where no connection can be made, the socket does, as soon as somebody listens.
   *
   * @param onClose told whether the server had been ready for statements
   */
  async open(address: Address, onClose: (wasReady: boolean) => void): Promise<Duplex> {
    const broken = (error: unknown) => brokenSocket(error as Error).once('close', () => onClose(false))
    // While the server fails, one attempt at a time is enough to notice that it is back.
    if (!this.#backoff.isOver || (this.#backoff.isFailing && this.#attempts > 0)) {
      return broken(new Unreachable('It is not tried again yet.', { cause: this.#failure }))
    }
    this.#attempts += 1
    try {
      const socket = await reach(address, this.#tls)
      this.#watch(socket, onClose)
      return socket
    } catch (error) {
      this.#failed(error)
      return broken(error)
    }
  }

  /** Why the last attempt failed; null if it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** A statement that waited for a connection was answered with this. The connection is about to be closed. */
  refused(error: unknown): void {
    this.#refusal = error
  }

  #succeeded(): void {
    this.#attempts -= 1
    this.#failure = null
    this.#backoff.succeeded()
  }

  #failed(error: unknown): void {
    this.#attempts -= 1
    this.#failure = error
    this.#refusal = null
    this.#backoff.failed()
  }

  #watch(socket: Socket, onClose: (wasReady: boolean) => void): void {
    let ready = false
    let failure: unknown = null
    let tail: Buffer = Buffer.alloc(0)
    const look = (data: Buffer) => {
      tail = Buffer.concat([tail, data]).subarray(-READY.length)
      if (!tail.equals(READY)) return
      ready = true
      this.#succeeded()
      socket.off('data', look)
    }
    socket.on('data', look)
    socket.once('error', (error) => (failure = error))
    socket.once('close', () => {
      if (!ready) this.#failed(failure ?? this.#refusal ?? new Unreachable(CLOSED_EARLY))
      onClose(ready)
    })
  }
}

/** `false` and the like: never; `prefer` and `allow`: if the server does; others: always; beyond `require`, with a certificate. */
function tlsModeOf(url: string): string {
  const { searchParams } = new URL(url)
  if (searchParams.get('sslrootcert') === 'system') return 'verify-full'
  const mode = searchParams.get('sslmode') ?? searchParams.get('ssl') ?? process.env['PGSSL'] ?? ''
  return ['false', 'disable'].includes(mode) ? '' : mode
}

/** @throws why there is no connection, 4 s later at the latest */
async function reach({ host: [host], port: [port], path }: Address, tls: string): Promise<Socket> {
  const socket = path ? connect(path) : connect(port as number, host as string)
  const timeout = setTimeout(
    () => socket.destroy(new Unreachable('it does not answer')),
    CONNECT_TIMEOUT_S * 1000,
  )
  try {
    await next(socket, 'connect')
    return tls === '' || path ? socket : await secure(socket, host as string, tls)
  } catch (error) {
    socket.destroy()
    throw new Unreachable('The server cannot be reached.', { cause: error })
  } finally {
    clearTimeout(timeout)
  }
}

async function secure(socket: Socket, host: string, mode: string): Promise<Socket> {
  const answer = next(socket, 'data')
  socket.write(SSL_REQUEST)
  const [accepted, ...more] = (await answer) as Buffer
  if (accepted !== SSL_ACCEPTED) {
    if (mode === 'prefer' || mode === 'allow') return socket
    throw new Unreachable(`it does not speak TLS, which sslmode=${mode} asks for`)
  }
  // Whatever follows in plain text is not from the server.
  if (more.length > 0) throw new Unreachable('it sent more than an answer before TLS began')
  const secured = connectTls({
    socket,
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: !['require', 'prefer', 'allow'].includes(mode),
  })
  await next(secured, 'secureConnect')
  return secured
}

/** @throws what ends the socket before the event */
function next(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Unreachable('it closed the connection')))
  })
}

/**
 * Takes the driver's first message and fails. Failing any sooner, it would leave behind a driver that believes that a message is
 * still about to be sent, and never sends one again.
 */
export function brokenSocket(error: Error): Duplex {
  const broken = new Duplex({
    read() {},
    write(_message, _encoding, done) {
      done()
      broken.destroy(error)
    },
  })
  return broken
}
