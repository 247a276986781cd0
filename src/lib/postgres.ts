/**
 * Drizzle over postgres.js, made safe against lost connections.
 *
 * postgres.js reconnects silently: a statement sent after a loss, or waiting when it happens, runs on a new connection, outside
 * of the transaction it was meant for, and its own `begin()` throws uncaught when the connection dies inside. So here a client
 * lives only as long as its first lost connection and is then replaced, a session's client can connect only once, and a
 * transaction refuses to send anything once its connection is gone.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { isFatal, isReadOnly, isUnavailable } from './postgres-error.ts'
import { CONNECT_TIMEOUT_S, PostgresSockets, brokenSocket } from './postgres-socket.ts'
import type { Address } from './postgres-socket.ts'

export type Database = PostgresJsDatabase

export interface ConnectionOptions {
  readonly url: string
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Session settings, `{ statement_timeout: '10s' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * When Postgres has sent nothing for so long during a transaction, its connection is given up, for Postgres itself may be
   * out of reach and its own timeouts with it. Without it, never.
   */
  readonly transactionTimeoutMs?: number
  /** If a statement has no answer after so long, all connections are given up. Without it, never. */
  readonly answerTimeoutMs?: number
  readonly monitor?: ConnectionMonitor
}

/** Told whether the server can be used. */
export interface ConnectionMonitor {
  readonly answered: () => void
  /** @param error one that `isUnavailable` */
  readonly failed: (error: unknown) => void
}

/** A pool of connections for single statements, each its own transaction. */
export interface Pool {
  readonly db: Database
  close(): Promise<void>
}

/** One connection with one user at a time, for transactions of several statements. */
export interface Session extends Pool {
  /**
   * Runs `work` in a transaction. The first statement of `work` travels together with `BEGIN`.
   *
   * @throws what `work` throws, after rolling back; `CommitUnknown` if the answer to COMMIT never came
   */
  transaction<T>(work: () => Promise<T>): Promise<T>
}

/** COMMIT was sent and its answer is missing: the transaction may have happened or not. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

/** The connection is gone, and with it the transaction that ran on it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export const openPool = (options: ConnectionOptions, max: number): Pool => new Link(options, { max })

export const openSession = (options: ConnectionOptions): Session => new Link(options, { max: 1, once: true })

const CLOSE_TIMEOUT_S = 5

interface Connections {
  readonly max: number
  /** A client connects once and then never again. */
  readonly once?: boolean
}

class Link implements Session {
  readonly db: Database
  readonly #options: ConnectionOptions
  readonly #connections: Connections
  readonly #sockets: PostgresSockets
  #client: postgres.Sql | null = null
  /** The client of the transaction that is running; null between transactions. */
  #transaction: postgres.Sql | null = null
  /** Gives up a transaction in which Postgres has gone silent. */
  #watchdog: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ConnectionOptions, connections: Connections) {
    this.#options = options
    this.#connections = connections
    this.#sockets = new PostgresSockets(options.url)
    // Drizzle needs no more of a client than this.
    const facade = {
      options: { parsers: {}, serializers: {} },
      unsafe: (...call: Parameters<postgres.Sql['unsafe']>) => this.#send(...call),
      begin: <T>(work: (client: unknown) => Promise<T>) => this.transaction(() => work(facade)),
    }
    this.db = drizzle(facade as unknown as postgres.Sql)
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#transaction !== null) throw new Error('This connection is already in a transaction.')
    const client = this.#live()
    this.#transaction = client
    const { transactionTimeoutMs } = this.#options
    if (transactionTimeoutMs !== undefined)
      this.#watchdog = setTimeout(() => this.#discard(client, 0), transactionTimeoutMs)
    let committing = false
    try {
      const begin = this.#send('begin').execute()
      const [, result] = await Promise.all([begin, work()])
      this.#live()
      committing = true
      const { command } = await client.unsafe('commit')
      committing = false
      // Postgres answers COMMIT with ROLLBACK, and no error, when a statement before had failed.
      if (command !== 'COMMIT') throw new Error(`The transaction ended with ${command}.`)
      return result
    } catch (error) {
      if (committing && !isRefusal(error)) {
        this.#discard(client)
        throw new CommitUnknown('The connection was lost while committing.', { cause: error })
      }
      await this.#rollback(client)
      // What was the primary is one no more. The next connection may lead to the new one.
      if (isReadOnly(error)) this.#discard(client)
      throw error
    } finally {
      this.#transaction = null
      clearTimeout(this.#watchdog)
      this.#watchdog = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.end({ timeout: CLOSE_TIMEOUT_S })
  }

  async #rollback(client: postgres.Sql): Promise<void> {
    if (client !== this.#client) return
    try {
      await client.unsafe('rollback')
    } catch {
      this.#discard(client)
    }
  }

  #live(): postgres.Sql {
    if (this.#transaction !== null && this.#transaction !== this.#client) {
      throw new ConnectionLost('The connection to Postgres was lost in the middle of a transaction.')
    }
    return (this.#client ??= this.#connect())
  }

  #send(...call: Parameters<postgres.Sql['unsafe']>): ReturnType<postgres.Sql['unsafe']> {
    const client = this.#live()
    const sent = client.unsafe(...call)
    const { answerTimeoutMs, monitor } = this.#options
    const watchdog = answerTimeoutMs && setTimeout(() => this.#discard(client, 0), answerTimeoutMs)
    // The statement is sent in the next microtask, so whoever has asked for it can still say how it is to be answered.
    sent.then(
      () => {
        if (watchdog) clearTimeout(watchdog)
        monitor?.answered()
      },
      (error: unknown) => {
        if (watchdog) clearTimeout(watchdog)
        if (isFatal(error)) this.#sockets.refused(error)
        if (isUnavailable(error)) monitor?.failed(error)
      },
    )
    return sent
  }

  #connect(): postgres.Sql {
    if (this.#closed) throw new ConnectionLost('The connection to Postgres is closed.')
    const { url, applicationName, settings } = this.#options
    const { max, once = false } = this.#connections
    let opened = false
    let lost = false
    const socket = async (address: Address) => {
      if (once && opened) return brokenSocket(this.#lost())
      opened = true
      const made = await this.#sockets.open(address, (wasReady) => (lost ||= once || wasReady))
      return once ? made.on('data', () => this.#watchdog?.refresh()) : made
    }
    const client: postgres.Sql = postgres(url, {
      max,
      // The driver's types do not know of it.
      ...{ socket },
      // By the socket, and so are the pauses between attempts.
      ssl: false,
      backoff: () => 0,
      idle_timeout: null as unknown as undefined,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_S,
      fetch_types: false,
      onnotice: () => {},
      connection: { application_name: applicationName, ...settings },
      // Drizzle's columns convert; the driver passes text through.
      types: {
        date: { to: 1184, from: [1082, 1083, 1114, 1184], serialize: String, parse: String },
        json: { to: 114, from: [114, 3802], serialize: String, parse: JSON.parse },
      } as unknown as Record<string, postgres.PostgresType>,
      // A pool's other connections are none the worse for an attempt that failed.
      onclose: () => lost && this.#discard(client),
    })
    return client
  }

  #lost(): ConnectionLost {
    return new ConnectionLost('The connection to Postgres was lost.', { cause: this.#sockets.failure })
  }

  /** Whatever still waits on the client fails at the latest when it is closed. */
  #discard(client: postgres.Sql, timeoutS = CLOSE_TIMEOUT_S): void {
    if (this.#client !== client) return
    this.#client = null
    void client.end({ timeout: timeoutS }).catch(() => {})
  }
}

/** Postgres has answered, with an error that ends the transaction and not the connection. */
function isRefusal(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === 'ERROR'
}
