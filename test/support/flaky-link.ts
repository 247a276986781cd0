/** A way to Postgres that a test can cut, also in the very middle of a COMMIT. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * What happens to the next COMMIT. `lost before`: the connection dies before Postgres hears of it. `lost after`: Postgres
 * commits, and its answer never arrives.
 */
export type CommitFate = 'lost before' | 'lost after'

export interface FlakyLink {
  readonly url: string
  /** Cuts every connection, now. */
  readonly cut: () => void
  /** Nobody listens any more: connections are refused, and those that there are cut. */
  readonly refuse: () => Promise<void>
  readonly listen: () => Promise<void>
  /** Cuts the next connection as soon as it is made. */
  readonly cutNextConnection: () => void
  /** @param of only on connections of that application name; on any without it */
  readonly cutNextCommit: (fate: CommitFate, of?: string) => void
  /** Cuts every connection. Further ones are accepted, read once, and closed, as by a load balancer without a server behind it. */
  readonly hangUp: () => void
  /** Nothing gets through any more in either direction, though all connections stay and further ones are accepted. */
  readonly goSilent: () => void
  /** After either of the two: further connections lead to the server. */
  readonly recover: () => void
  /** How many connections have been made so far. */
  readonly accepted: () => number
  readonly close: () => Promise<void>
}

/** The driver's statements, as they stand in the protocol's messages. */
const COMMIT = Buffer.from('commit\0')

/** @param listenOn any port that is free without it */
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
    // Its first message names the application.
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
