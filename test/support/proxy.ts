/** A proxy whose target a test can change, and that can stall without closing connections. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Proxy {
  /** `http://127.0.0.1:…` */
  readonly url: string
  /** Leads new connections to another server; existing ones stay. */
  readonly leadTo: (url: string) => void
  /** Keeps connections open, but forwards nothing from servers. */
  readonly stall: () => void
  readonly resume: () => void
  /** Ends all connections at once. */
  readonly cut: () => void
  /** Ends all connections, and accepts no more until `listen` is called. */
  readonly refuse: () => Promise<void>
  readonly listen: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openProxy(url: string): Promise<Proxy> {
  const links = new Map<Socket, Socket>()
  let target = new URL(url)
  let stalled = false
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    links.set(upstream, client)
    client.on('error', () => {})
    client.on('close', () => upstream.destroy())
    client.on('data', (sent) => void upstream.write(sent))
    upstream.on('error', () => {})
    upstream.on('close', () => {
      links.delete(upstream)
      client.destroySoon()
    })
    upstream.on('data', (answer) => void client.write(answer))
    if (stalled) upstream.pause()
  })
  function cut(): void {
    for (const socket of [...links].flat()) socket.destroy()
  }
  let port = 0
  async function listen(): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  async function refuse(): Promise<void> {
    server.close()
    cut()
    await once(server, 'close')
  }
  await listen()
  return {
    url: `http://127.0.0.1:${port}`,
    leadTo(next) {
      target = new URL(next)
    },
    stall() {
      stalled = true
      for (const upstream of links.keys()) upstream.pause()
    },
    resume() {
      stalled = false
      for (const upstream of links.keys()) upstream.resume()
    },
    cut,
    refuse,
    listen,
    close: refuse,
  }
}
