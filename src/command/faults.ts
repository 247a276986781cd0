/** Why a command got no answer. Unlike a refusal, none of these says anything about stock. */

/** The queue is full. Nothing was done; the same command may be sent again. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

/** The commit's fate is not known. The same command with the same id, sent again, gets the one true answer. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/** Postgres cannot be reached, or this process is closing. Nothing was done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}
