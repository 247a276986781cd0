/**
 * What should become of one product: a single warehouse batch, and lines in the order in which they were placed. Much simpler
 * than the server's domain, and written without it, so that the two can disagree.
 */
export interface ShelfLine {
  readonly orderId: string
  readonly quantity: number
  allocated: boolean
}

export class Shelf {
  quantity: number
  readonly lines: ShelfLine[] = []

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

  /** The newest lines leave until the rest fits; then whoever has waited longest is served first. */
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
