/** Watches a server as a client does, and records what it receives, to compare it with the final state. */
import { deepStrictEqual, strictEqual } from 'node:assert'
import type { TestOnhand } from './onhand.ts'
import { until } from './until.ts'

interface Received {
  readonly sku: string
  readonly version: string
  readonly available: number
}

export class LiveWitness {
  readonly received = new Map<string, Received[]>()
  readonly positions: bigint[] = []
  readonly #ends: (() => Promise<void>)[] = []
  #error: unknown = null

  /** @returns after the witness has received a state of every product */
  static async watch(onhand: TestOnhand, skus: readonly string[]): Promise<LiveWitness> {
    const witness = new LiveWitness()
    const states = onhand.subscribe(
      'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku version available } }',
      { skus },
    )
    witness.#follow(states, ({ availabilityChanged: received }) => {
      witness.received.set(received.sku, [...(witness.received.get(received.sku) ?? []), received])
    })
    const movements = onhand.subscribe('subscription { stockMoved(after: "0") { position } }')
    witness.#follow(movements, ({ stockMoved }) => witness.positions.push(BigInt(stockMoved.position)))
    await until(() => witness.received.size === skus.length)
    return witness
  }

  #follow(subscription: ReturnType<TestOnhand['subscribe']>, take: (data: any) => void): void {
    this.#ends.push(() => subscription.end())
    const read = async () => {
      for (;;) take(await subscription.next())
    }
    read().catch((error: unknown) => {
      this.#error ??= error
    })
  }

  last(sku: string): Received | undefined {
    return this.received.get(sku)?.at(-1)
  }

  /**
   * Waits until it has received the current states and every movement. Checks that it received them in order, once, and without
   * an error.
   *
   * @throws AssertionError
   */
  async agreesWith(onhand: TestOnhand): Promise<void> {
    const { products, projections } = await onhand.gql(
      `query ($skus: [ID!]!) {
        products(filter: { skus: $skus }, first: 100, consistentWith: "latest") { nodes { sku version available } }
        projections { name head }
      }`,
      { skus: [...this.received.keys()] },
    )
    const head = BigInt(projections[0].head)
    await until(() => BigInt(this.positions.length) >= head)
    for (const product of products.nodes)
      await until(() => this.last(product.sku)?.version === product.version)
    for (const product of products.nodes) {
      deepStrictEqual(this.last(product.sku), product)
      const versions = (this.received.get(product.sku) ?? []).map(({ version }) => BigInt(version))
      deepStrictEqual(
        versions,
        [...new Set(versions)].toSorted((a, b) => (a < b ? -1 : 1)),
      )
    }
    deepStrictEqual(
      this.positions,
      Array.from({ length: Number(head) }, (_, at) => BigInt(at + 1)),
    )
    strictEqual(this.#error, null)
  }

  async end(): Promise<void> {
    for (const end of this.#ends) await end()
  }
}
