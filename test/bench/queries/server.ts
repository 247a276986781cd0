/** A server of one contender. All use the same schema, resolvers and data, except the one that ignores the request. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApolloServer } from '@apollo/server'
import fastifyApollo from '@as-integrations/fastify'
import Fastify from 'fastify'
import { pino } from 'pino'
import type { ApiContext } from '../../../src/graphql/context.ts'
import { createSchema } from '../../../src/graphql/schema.ts'
import { startOnhand } from '../../../src/compose.ts'
import { readConfig } from '../../../src/config.ts'
import { openPool } from '../../../src/lib/postgres.ts'
import { forQueries } from '../../../src/operations/connections.ts'
import { createReads } from '../../../src/projection/read-side.ts'
import { SKUS } from '../support/stock.ts'
import { WATCHED } from './contender.ts'
import type { Contender, ServerOrder, ServerReport } from './contender.ts'

/** As many connections as the product has. */
const CONNECTIONS = 8
const CONSTANT = `${JSON.stringify({
  data: {
    product: {
      sku: 'SKU-0',
      status: 'IN_STOCK',
      onHand: 1_000_000_000,
      allocated: 0,
      available: 1_000_000_000,
      incoming: 1_000_000_000,
      version: '1000',
      updatedAt: new Date(),
    },
  },
})}\n`

/** @returns the URL of the server */
const starts: Record<Contender, (databaseUrl: string) => Promise<string>> = {
  async onhand(databaseUrl) {
    const config = readConfig({ PORT: '0', SEED: 'none', NODE_ENV: 'production' })
    const { url } = await startOnhand({ config, databaseUrl, logger: pino({ level: 'warn' }) })
    return url
  },

  async 'Apollo on Fastify'(databaseUrl) {
    const reads = createReads(openPool(forQueries(databaseUrl), CONNECTIONS).db, 1)
    const watched = await reads.availability.many(SKUS.slice(0, WATCHED))
    const inMemory = new Map(watched.map((row) => [row.sku, [row]]))
    const apollo = new ApolloServer<ApiContext>({ schema: createSchema() })
    await apollo.start()
    const server = Fastify()
    const context = async () =>
      ({ reads, memory: { products: (sku) => inMemory.get(sku) } }) as Partial<ApiContext> as ApiContext
    await server.register(fastifyApollo(apollo), { context })
    return server.listen({ port: 0, host: '127.0.0.1' })
  },

  async 'bare node:http'() {
    const server = createServer((request, response) => {
      request.resume()
      request.on('end', () => {
        response.setHeader('content-type', 'application/json; charset=utf-8')
        if (request.headers['if-none-match'] === undefined) response.end(CONSTANT)
        else response.writeHead(304).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
}

const say = (report: ServerReport) => process.send?.(report)

process.on('message', (order: ServerOrder) => {
  const { user, system } = process.cpuUsage()
  say({ type: order.type, us: user + system })
})
process.on('disconnect', () => process.exit())

const [, , contender, databaseUrl = ''] = process.argv
say({ type: 'listening', url: `${await starts[contender as Contender](databaseUrl)}/graphql` })
