/**
 * Opens sockets for postgres.js. On its own, the driver reconnects at once and without end to a server that accepts, reads and
 * closes (for example a load balancer without a server behind it), and reports no reason. Here, a pause follows each failed
 * attempt, and all attempts during the pause fail with the same cause.
 *
 * TLS is also done here, because the driver does not send the host name to the server (SNI), and hangs if the server has no TLS.
 */
import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { Backoff } from './backoff.ts'

/** The address that postgres.js has parsed from its URL. */
export interface Address {
  readonly host: readonly string[]
  readonly port: readonly number[]
  /** The path of a Unix socket; false for a TCP connection. */
  readonly path: string | false
}

/** The server could not be reached, or closed the connection before it was ready for a statement. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** The time limit from the first packet until the server is ready; a little less than a client waits for an answer. */
export const CONNECT_TIMEOUT_S = 4

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/** The message ReadyForQuery outside of a transaction: the server is ready for the first statement. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const SSL_ACCEPTED = 'S'.charCodeAt(0)

const CLOSED_EARLY = 'it closes connections before it answers'

/** Opens the sockets of one link. */
export class PostgresSockets {
  readonly #tls: string
  readonly #backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
  /** The last error with which the server refused a connection. */
  #refusal: unknown = null
  #failure: unknown = null
  /** How many attempts are running. */
  #attempts = 0

  constructor(url: string) {
    this.#tls = tlsModeOf(url)
  }

  /**
   * Never rejects: if no connection can be made, the returned socket fails on its first write.
   *
   * @param onClose receives whether the server was ready for statements before
   */
  async open(address: Address, onClose: (wasReady: boolean) => void): Promise<Duplex> {
    const broken = (error: unknown) => brokenSocket(error as Error).once('close', () => onClose(false))
    // While the server fails, one attempt at a time is enough to notice that it is back.
    if (!this.#backoff.isOver || (this.#backoff.isFailing && this.#attempts > 0)) {
      return broken(new Unreachable('The next connection attempt is not due yet.', { cause: this.#failure }))
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

  /** Why the last attempt failed; null if it succeeded. */
  get failure(): unknown {
    return this.#failure
  }

  /** Records the error with which the server refused a connection, before the socket closes. */
  setRefusal(error: unknown): void {
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

/**
 * The `sslmode`. Empty: no TLS. `prefer` and `allow`: TLS if the server supports it. `require`: always TLS. Any other mode:
 * always TLS, and the server's certificate is verified.
 */
function tlsModeOf(url: string): string {
  const { searchParams } = new URL(url)
  if (searchParams.get('sslrootcert') === 'system') return 'verify-full'
  const mode = searchParams.get('sslmode') ?? searchParams.get('ssl') ?? process.env['PGSSL'] ?? ''
  return ['false', 'disable'].includes(mode) ? '' : mode
}

/** @throws Unreachable, with the cause, after at most `CONNECT_TIMEOUT_S` */
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
    throw new Unreachable(`it does not support TLS, which sslmode=${mode} requires`)
  }
  // Plain text after the answer may come from an attacker, not from the server.
  if (more.length > 0) throw new Unreachable('it sent unencrypted data before TLS began')
  const secured = connectTls({
    socket,
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: !['require', 'prefer', 'allow'].includes(mode),
  })
  await next(secured, 'secureConnect')
  return secured
}

/** @throws the error that ends the socket before the event */
function next(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Unreachable('it closed the connection')))
  })
}

/**
 * Accepts the driver's first message, then fails. If it failed earlier, the driver would keep waiting for that message to be
 * sent, and would never send another one.
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
