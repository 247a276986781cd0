/** A client for the purpose of limits: an address, or a connection whose address identifies no client. */
export type Client = string | object

/** Something that a client can use several times and that counts once. */
export type SharedThing = string | object

interface Account {
  bytes: number
  /** How many times the client uses each thing. Null: it uses none. */
  things: Map<SharedThing, number> | null
}

/** Limits how much memory each client uses for one purpose, so that no client takes the whole share. */
export class ClientShares {
  readonly limitBytes: number
  readonly #accounts = new Map<Client, Account>()

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** @returns false if the client has reached its limit. The last thing that it takes may exceed the limit. */
  take(client: Client, bytes: number, thing: SharedThing | null = null): boolean {
    const account = this.#accounts.get(client) ?? { bytes: 0, things: null }
    const times = thing === null ? 0 : (account.things?.get(thing) ?? 0)
    const more = times === 0 ? bytes : 0
    if (more > 0 && this.isFull(client)) return false
    account.bytes += more
    if (thing !== null) (account.things ??= new Map()).set(thing, times + 1)
    this.#accounts.set(client, account)
    return true
  }

  /** Gives back what `take` took with the same arguments. */
  give(client: Client, bytes: number, thing: SharedThing | null = null): void {
    const account = this.#accounts.get(client)
    if (account === undefined) return
    const times = thing === null ? 1 : (account.things?.get(thing) ?? 1)
    if (times > 1) account.things?.set(thing as SharedThing, times - 1)
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
