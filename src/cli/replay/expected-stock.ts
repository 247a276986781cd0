/**
 * The expected stock of one product: a single warehouse batch, and its lines in the order in which they were placed. This code is
 * independent of the server's domain, so that the comparison can find errors in either.
 */
export interface ExpectedLine {
  readonly orderId: string
  readonly quantity: number
  allocated: boolean
}

export class ExpectedStock {
  quantity: number
  readonly lines: ExpectedLine[] = []

  constructor(quantity: number) {
    this.quantity = quantity
  }

  get allocated(): number {
    return this.lines.reduce((sum, line) => sum + (line.allocated ? line.quantity : 0), 0)
  }

  /** @returns whether the line fits */
  allocate(orderId: string, quantity: number): boolean {
    if (this.allocated + quantity > this.quantity) return false
    this.lines.push({ orderId, quantity, allocated: true })
    return true
  }

  /** @returns whether there was such a line */
  deallocate(orderId: string): boolean {
    const at = this.lines.findIndex((line) => line.orderId === orderId)
    if (at < 0) return false
    this.lines.splice(at, 1)
    this.#serve()
    return true
  }

  /** Removes the newest lines from the batch until the rest fits, then serves waiting lines in the order in which they were placed. */
  resize(quantity: number): void {
    this.quantity = quantity
    for (const line of this.lines.toReversed()) {
      if (this.allocated <= quantity) break
      line.allocated = false
    }
    this.#serve()
  }

  #serve(): void {
    let left = this.quantity - this.allocated
    for (const line of this.lines) {
      if (line.allocated || line.quantity > left) continue
      line.allocated = true
      left -= line.quantity
    }
  }
}
