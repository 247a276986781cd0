import type { Bench } from '../suite.ts'
import { HttpConnection } from '../support/http-connection.ts'
import { lagOf } from '../support/progress.ts'
import { startServer } from '../support/server-process.ts'
import type { AllocateRequest } from '../support/stock.ts'
import type { Allocator } from './allocator.ts'

const query = `mutation Allocate($input: AllocateInput!) {
  allocate(input: $input) { token batchReference userErrors { code message } }
}`

/** The `allocate` mutation of a complete Onhand in another process, over HTTP; each caller has a connection. */
export async function openGraphql(bench: Bench, databaseUrl: string): Promise<Allocator> {
  const lag = lagOf(bench, databaseUrl)
  const { url } = await startServer(bench, databaseUrl)
  const connections: HttpConnection[] = []
  bench.onEnd(() => {
    for (const connection of connections) connection.close()
  })
  return {
    name: 'GraphQL over HTTP',
    async allocate(request, caller) {
      const connection = (connections[caller] ??= new HttpConnection(url))
      await postAllocate(connection, request)
    },
    servedElsewhere: true,
    lag: lag.read,
  }
}

const ACCEPTED = /"token":"[0-9a-z]+\.0:(\d+)".*"userErrors":\[\]/

/** @returns the position of the command */
export async function postAllocate(
  connection: HttpConnection,
  { id, command: { orderId, sku, quantity } }: AllocateRequest,
): Promise<number> {
  const variables = { input: { orderId, sku, quantity, commandId: id } }
  const answer = await connection.post(JSON.stringify({ query, variables }))
  const position = ACCEPTED.exec(answer)?.[1]
  if (position === undefined) throw new Error(`Not accepted: ${answer}`)
  return Number(position)
}
