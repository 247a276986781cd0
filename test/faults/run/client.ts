/** Sends commands and queries as a client does, and records the results. */
import type { Attempt, Command, History, ProductState, Result } from './history.ts'

export interface Endpoint {
  readonly name: string
  readonly url: string
}

/** Shorter than some suspensions of a server, so that callers continue with another server. */
const TIMEOUT_MS = 2000

const INPUT_TYPES: Record<Command['type'], string> = {
  createBatch: 'CreateBatchInput',
  changeBatchQuantity: 'ChangeBatchQuantityInput',
  allocate: 'AllocateInput',
  deallocate: 'DeallocateInput',
}

const mutationOf = (type: Command['type']): string =>
  `mutation ($input: ${INPUT_TYPES[type]}!) { command: ${type}(input: $input) {
    token replayed ${type === 'allocate' ? 'batchReference' : ''} userErrors { code } } }`

export const PRODUCT_FIELDS =
  'sku version status onHand allocated available incoming availableToPromise { date quantity cumulative }'

/** Sends the command once. @returns the result; never throws */
export async function sendCommand(
  { name: server, url }: Endpoint,
  id: string,
  command: Command,
  { now }: History,
): Promise<Attempt> {
  const sentAt = now()
  const { type, ...input } = command
  const { data, errors } = await post(url, mutationOf(type), { input: { ...input, commandId: id } })
  return { server, sentAt, answeredAt: now(), result: resultOf(data?.['command'], errors) }
}

/** @returns null if there is no answer */
export async function readProduct(
  { url }: Endpoint,
  sku: string,
  token: string,
): Promise<ProductState | null> {
  const query = `query ($sku: ID!, $token: ConsistencyToken) { product(sku: $sku, consistentWith: $token) { ${PRODUCT_FIELDS} } }`
  return (await post(url, query, { sku, token })).data?.['product'] ?? null
}

/** @returns the projections that are not at the log's head; null if there is no answer */
export async function projectionsBehind({ url }: Endpoint): Promise<string[] | null> {
  const { data } = await post(url, '{ projections { name lag status } }', {})
  const projections: { name: string; lag: number; status: string }[] | undefined = data?.['projections']
  return projections?.filter(({ lag }) => lag > 0).map((row) => JSON.stringify(row)) ?? null
}

function resultOf(payload: Record<string, any> | undefined, errors: readonly any[] | undefined): Result {
  if (payload == null) {
    const [error] = errors ?? []
    return { kind: 'failed', code: error?.extensions?.code ?? 'no answer', message: error?.message }
  }
  const { token, replayed, batchReference = null, userErrors } = payload
  if (token === null) return { kind: 'rejected', code: userErrors[0].code, replayed }
  return { kind: 'accepted', token, batchReference, replayed }
}

interface Answer {
  readonly data?: Record<string, any> | null
  readonly errors?: readonly any[]
}

async function post(url: string, query: string, variables: object): Promise<Answer> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return (await response.json()) as Answer
  } catch {
    return {}
  }
}
