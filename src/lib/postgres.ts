/**
 * Drizzle over postgres.js, made safe against lost connections.
 *
 * postgres.js reconnects silently: a statement sent after a loss, or waiting when it happens, runs on a new connection, outside
 * of the transaction it was meant for, and its own `begin()` throws uncaught when the connection dies inside. So here a client
 * lives only as long as its first lost connection and is then replaced, a session's client can connect only once, and a
 * transaction refuses to send anything once its connection is gone.
 */
import { Socket, connect } from 'node:net'
import { drizzle } from 'drizzle-orm/postgres-js'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

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

const CONNECT_TIMEOUT_S = 5
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
  #client: postgres.Sql | null = null
  /** The client of the transaction that is running; null between transactions. */
  #transaction: postgres.Sql | null = null
  /** Gives up a transaction in which Postgres has gone silent. */
  #watchdog: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ConnectionOptions, connections: Connections) {
    this.#options = options
    this.#connections = connections
    // Drizzle needs no more of a client than this.
    const facade = {
      options: { parsers: {}, serializers: {} },
      unsafe: (...call: Parameters<postgres.Sql['unsafe']>) => this.#live().unsafe(...call),
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
      const begin = client.unsafe('begin').execute()
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

  #connect(): postgres.Sql {
    if (this.#closed) throw new ConnectionLost('The connection to Postgres is closed.')
    const { url, applicationName, settings } = this.#options
    const { max, once = false } = this.#connections
    const client: postgres.Sql = postgres(url, {
      max,
      ...(once && { socket: connectOnce(() => this.#watchdog?.refresh()) }),
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
      onclose: () => this.#discard(client),
    })
    return client
  }

  /** Whatever still waits on the client fails at the latest when it is closed. */
  #discard(client: postgres.Sql, timeoutS = CLOSE_TIMEOUT_S): void {
    if (this.#client !== client) return
    this.#client = null
    void client.end({ timeout: timeoutS }).catch(() => {})
  }
}

/** The place that postgres.js has made out of its URL. */
interface Address {
  readonly host: readonly string[]
  readonly port: readonly number[]
  /** Of a Unix socket. */
  readonly path: string | false
}

/** @returns makes a client's first connection; every later one fails, and with it the statement it was made for */
function connectOnce(onData: () => void): (address: Address) => Socket {
  let connected = false
  return ({ host: [host], port: [port], path }) => {
    if (connected) return brokenSocket()
    connected = true
    return (path ? connect(path) : connect(port as number, host)).on('data', onData)
  }
}

/** Fails as soon as somebody listens. */
function brokenSocket(): Socket {
  const socket = new Socket()
  setImmediate(() => socket.destroy(new ConnectionLost('The connection to Postgres was lost.')))
  return socket
}

/** Postgres has answered, with an error that ends the transaction and not the connection. */
function isRefusal(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === 'ERROR'
}
