import type { ProjectedRow } from '../projector/projection.ts'
import type { ApiContext, RowsInMemory } from './context.ts'

/** Rows that an answer was made of, and where they can be looked up again. */
export interface Ingredient {
  readonly key: string
  readonly rows: readonly ProjectedRow[]
  readonly peek: (key: string) => readonly ProjectedRow[] | undefined
}

/** A context that takes down what an answer is made of. */
export class TracedContext implements ApiContext {
  readonly requestId: string
  readonly memory: RowsInMemory
  readonly #context: ApiContext
  #ingredients: Ingredient[] | null = []

  constructor(context: ApiContext) {
    this.#context = context
    this.requestId = context.requestId
    this.memory = { products: this.#traced('products'), orders: this.#traced('orders') }
  }

  /** Null: of something else, too, than rows in memory. */
  get ingredients(): readonly Ingredient[] | null {
    return this.#ingredients
  }

  get log(): ApiContext['log'] {
    return this.#context.log
  }

  get reads(): ApiContext['reads'] {
    this.#ingredients = null
    return this.#context.reads
  }

  get consistent(): ApiContext['consistent'] {
    this.#ingredients = null
    return this.#context.consistent
  }

  get dispatch(): ApiContext['dispatch'] {
    this.#ingredients = null
    return this.#context.dispatch
  }

  #traced<Name extends keyof RowsInMemory>(name: Name): RowsInMemory[Name] {
    const peek = this.#context.memory[name] as Ingredient['peek']
    const traced: Ingredient['peek'] = (key) => {
      const rows = peek(key)
      if (rows !== undefined) this.#ingredients?.push({ key, rows, peek })
      return rows
    }
    return traced as RowsInMemory[Name]
  }
}
