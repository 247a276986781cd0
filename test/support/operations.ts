/** The mutations, with all fields of their payloads. */
import type { Data, GraphQLClient } from './graphql.ts'

const USER_ERRORS = `userErrors {
  code message field
  ... on OutOfStockError { requested available earliestDate }
  ... on LineAlreadyAllocatedError { quantity }
  ... on BatchNotFoundError { reference }
  ... on StaleVersionError { expectedVersion actualVersion }
}`
const ANSWER = `commandId token replayed ${USER_ERRORS}`
const ORDER = 'order(id: $orderId) { lines { sku quantity status batchReference eta } }'

type Gql = Pick<GraphQLClient, 'gql'>

interface CommandId {
  readonly commandId?: string
}

export interface Batch extends CommandId {
  readonly reference: string
  readonly sku: string | null | undefined
  readonly quantity: number
  readonly eta?: string | null | undefined
}

export interface Line extends CommandId {
  readonly orderId: string
  readonly sku: string | null | undefined
  readonly quantity: number
}

export async function createBatch({ gql }: Gql, input: Batch): Promise<Data> {
  return (
    await gql(`mutation ($input: CreateBatchInput!) { createBatch(input: $input) { ${ANSWER} } }`, { input })
  ).createBatch
}

export async function changeBatchQuantity(
  { gql }: Gql,
  input: CommandId & { reference: string; quantity: number; reason?: string; expectedVersion?: string },
): Promise<Data> {
  const query = `mutation ($input: ChangeBatchQuantityInput!) { changeBatchQuantity(input: $input) { ${ANSWER} } }`
  return (await gql(query, { input })).changeBatchQuantity
}

export async function allocate({ gql }: Gql, input: Line): Promise<Data> {
  const query = `mutation ($input: AllocateInput!, $orderId: ID!) {
    allocate(input: $input) { ${ANSWER} batchReference query { ${ORDER} } }
  }`
  return (await gql(query, { input, orderId: input.orderId })).allocate
}

export async function deallocate({ gql }: Gql, input: Omit<Line, 'quantity'>): Promise<Data> {
  const query = `mutation ($input: DeallocateInput!, $orderId: ID!) {
    deallocate(input: $input) { ${ANSWER} query { ${ORDER} } }
  }`
  return (await gql(query, { input, orderId: input.orderId })).deallocate
}
