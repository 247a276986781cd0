/** A connection to Postgres that a test can cut, even in the middle of a COMMIT. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * What happens to the next COMMIT. `lost before`: the connection is lost before Postgres receives it. `lost after`: Postgres
 * commits, but its answer is lost.
 */
export type CommitFate = 'lost before' | 'lost after'

export interface FlakyLink {
  readonly url: string
  /** Cuts all connections at once. */
  readonly cut: () => void
  /** Cuts all connections and stops listening, so that new ones are refused. */
  readonly refuse: () => Promise<void>
  readonly listen: () => Promise<void>
  /** Cuts the next connection as soon as it is made. */
  readonly cutNextConnection: () => void
  /** @param of the application name of the connection; any connection by default */
  readonly cutNextCommit: (fate: CommitFate, of?: string) => void
  /** Cuts all connections. Accepts new ones, reads once and closes, as a load balancer without a server behind it does. */
  readonly hangUp: () => void
  /** Keeps connections open and accepts new ones, but forwards nothing in either direction. */
  readonly goSilent: () => void
  /** Ends `hangUp` and `goSilent`: new connections lead to the server. */
  readonly recover: () => void
  /** How many connections have been made so far. */
  readonly accepted: () => number
  readonly close: () => Promise<void>
}

/** The COMMIT statement as the driver sends it. */
const COMMIT = Buffer.from('commit\0')

/** @param listenOn the port; any free port by default */
export async function openFlakyLink(target: string, listenOn = 0): Promise<FlakyLink> {
  const { hostname, port: targetPort } = new URL(target)
  const links = new Set<Socket>()
  let next: { readonly fate: CommitFate; readonly of: string } | null = null
  let doomed = false
  let mode: 'forward' | 'hang up' | 'silent' = 'forward'
  let accepted = 0
  let server: Server | null = null
  let port = listenOn

  function accept(client: Socket): void {
    accepted += 1
    if (mode === 'hang up') {
      client.on('error', () => {})
      client.once('data', () => client.end())
      return
    }
    if (doomed) {
      doomed = false
      client.resetAndDestroy()
      return
    }
    const upstream = connect(Number(targetPort), hostname)
    let deaf = false
    // The first message of a client has the application name.
    let startup: Buffer | null = null
    for (const socket of [client, upstream]) {
      links.add(socket)
      socket.setNoDelay()
      socket.on('error', () => {})
      socket.on('close', () => links.delete(socket))
    }
    const cutBoth = () => {
      if (!client.destroyed) client.resetAndDestroy()
      upstream.destroy()
    }
    client.on('close', cutBoth)
    upstream.on('close', cutBoth)
    client.on('data', (sent) => {
      if (mode === 'silent') return
      startup ??= sent
      if (next !== null && sent.includes(COMMIT) && startup.includes(next.of)) {
        if (next.fate === 'lost before') cutBoth()
        else deaf = true
        next = null
      }
      if (!upstream.destroyed) upstream.write(sent)
    })
    upstream.on('data', (answer) => {
      if (mode === 'silent') return
      if (deaf) cutBoth()
      else if (!client.destroyed) client.write(answer)
    })
  }

  function cut(): void {
    for (const socket of links) if (!socket.destroyed) socket.resetAndDestroy()
  }

  async function listen(): Promise<void> {
    server = createServer(accept)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }

  async function refuse(): Promise<void> {
    const closing = server
    server = null
    closing?.close()
    cut()
    if (closing !== null) await once(closing, 'close')
  }

  await listen()
  const url = new URL(target)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    cut,
    refuse,
    listen,
    cutNextConnection: () => {
      doomed = true
    },
    cutNextCommit: (fate, of = '') => {
      next = { fate, of }
    },
    hangUp() {
      mode = 'hang up'
      cut()
    },
    goSilent() {
      mode = 'silent'
    },
    recover() {
      mode = 'forward'
      cut()
    },
    accepted: () => accepted,
    close: refuse,
  }
}
