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

/** The entry of another system's stream is not newer than the last one that was answered. Nothing was done, and nothing is to do. */
export class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore'
}

/** The database has lost the answers to entries of a stream. Nothing was done; they have to be sent again, before this one. */
export class StreamRewound extends Error {
  override readonly name = 'StreamRewound'
}
