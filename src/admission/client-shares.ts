/** Whoever has a share of its own: an address, or a connection whose address says nothing. */
export type Client = string | object

/** Something that a client can have several times, and that is counted once. */
export type Thing = string | object

interface Account {
  bytes: number
  /** How often the client has each thing. Null: it has none. */
  things: Map<Thing, number> | null
}

/** What each client makes this process keep for one purpose, so that none of them can take the room of all others. */
export class ClientShares {
  readonly limitBytes: number
  readonly #accounts = new Map<Client, Account>()

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** @returns false if the client has as much as it can have. What it takes last may be larger than what is left to it. */
  take(client: Client, bytes: number, thing: Thing | null = null): boolean {
    const account = this.#accounts.get(client) ?? { bytes: 0, things: null }
    const times = thing === null ? 0 : (account.things?.get(thing) ?? 0)
    const more = times === 0 ? bytes : 0
    if (more > 0 && this.isFull(client)) return false
    account.bytes += more
    if (thing !== null) (account.things ??= new Map()).set(thing, times + 1)
    this.#accounts.set(client, account)
    return true
  }

  /** As much as was taken with the same arguments. */
  give(client: Client, bytes: number, thing: Thing | null = null): void {
    const account = this.#accounts.get(client)
    if (account === undefined) return
    const times = thing === null ? 1 : (account.things?.get(thing) ?? 1)
    if (times > 1) account.things?.set(thing as Thing, times - 1)
    else {
      account.bytes -= bytes
      if (thing !== null) account.things?.delete(thing)
    }
    if (account.bytes <= 0) this.#accounts.delete(client)
  }

  isFull(client: Client): boolean {
    return (this.#accounts.get(client)?.bytes ?? 0) >= this.limitBytes
  }
}
