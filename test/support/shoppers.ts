/** Simulated shoppers: each sends its command again, with the same id, until it is answered. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Purchase {
  readonly orderId: string
  readonly sku: string
  readonly quantity: number
}

export interface Shoppers {
  /** The answered purchases, with their tokens; null if the purchase was rejected. */
  readonly answered: { readonly purchase: Purchase; readonly token: string | null }[]
  /** How many requests have failed, by error code. The shoppers retry them. */
  readonly faults: Map<string, number>
  /** Stops after the current purchases. */
  readonly stop: () => Promise<void>
}

const QUERY = `mutation ($input: AllocateInput!) {
  allocate(input: $input) { token userErrors { code } } }`
const PAUSE_MS = 20
const TIMEOUT_MS = 120_000

/** @param url returns the server of the next request, which may change */
export function startShoppers(count: number, url: () => string, next: () => Purchase): Shoppers {
  const answered: { purchase: Purchase; token: string | null }[] = []
  const faults = new Map<string, number>()
  const still = { shopping: true }

  async function shop(): Promise<void> {
    while (still.shopping) {
      const purchase = next()
      answered.push({ purchase, token: await insist(purchase) })
    }
  }

  async function insist(purchase: Purchase): Promise<string | null> {
    const input = { ...purchase, commandId: `buy ${purchase.orderId}` }
    for (;;) {
      const answer = await post(`${url()}/graphql`, { query: QUERY, variables: { input } })
      if (typeof answer === 'object') return answer.token
      faults.set(answer, (faults.get(answer) ?? 0) + 1)
      await sleep(PAUSE_MS)
    }
  }

  const shoppers = Array.from({ length: count }, shop)
  return {
    answered,
    faults,
    async stop() {
      still.shopping = false
      await Promise.all(shoppers)
    },
  }
}

/** @returns the payload, or an error code */
async function post(url: string, body: object): Promise<{ token: string | null } | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const { data, errors } = (await response.json()) as Record<string, any>
    if (errors === undefined) return data.allocate
    const { code, retryable } = errors[0].extensions
    if (retryable !== true) throw new Error(`A shopper got a permanent error: ${JSON.stringify(errors)}`)
    return code
  } catch (error) {
    if ((error as Error).message.startsWith('A shopper')) throw error
    return 'no answer'
  }
}
