import type { ProjectedRow } from '../projector/projection.ts'
import type { ApiContext, RowsInMemory } from './context.ts'

/** Rows that an answer was built from, and how to look them up again. */
export interface Dependency {
  readonly key: string
  readonly rows: readonly ProjectedRow[]
  readonly peek: (key: string) => readonly ProjectedRow[] | undefined
}

/** A context that records which rows in memory an answer was built from. */
export class TracedContext implements ApiContext {
  readonly requestId: string
  readonly memory: RowsInMemory
  readonly #context: ApiContext
  #dependencies: Dependency[] | null = []

  constructor(context: ApiContext) {
    this.#context = context
    this.requestId = context.requestId
    this.memory = { products: this.#traced('products'), orders: this.#traced('orders') }
  }

  /** Null if the answer was built from anything else than rows in memory. */
  get dependencies(): readonly Dependency[] | null {
    return this.#dependencies
  }

  get log(): ApiContext['log'] {
    return this.#context.log
  }

  get reads(): ApiContext['reads'] {
    this.#dependencies = null
    return this.#context.reads
  }

  get consistent(): ApiContext['consistent'] {
    this.#dependencies = null
    return this.#context.consistent
  }

  get dispatch(): ApiContext['dispatch'] {
    this.#dependencies = null
    return this.#context.dispatch
  }

  #traced<Name extends keyof RowsInMemory>(name: Name): RowsInMemory[Name] {
    const peek = this.#context.memory[name] as Dependency['peek']
    const traced: Dependency['peek'] = (key) => {
      const rows = peek(key)
      if (rows !== undefined) this.#dependencies?.push({ key, rows, peek })
      return rows
    }
    return traced as RowsInMemory[Name]
  }
}
