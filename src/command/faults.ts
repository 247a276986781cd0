/** Why a command could not be decided or answered. Unlike a rejection, a fault says nothing about stock. */

/** The queue is full. Nothing was done, and the same command may be sent again. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

/** It is not known whether the commit succeeded. Sent again with the same id, the command gets its actual outcome. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/** Postgres cannot be reached, or this process is shutting down. Nothing was done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** A stream entry is not newer than the last one that was answered. Nothing was done, and the sender need not do anything. */
export class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore'
}

/** The database has lost the answers to earlier entries of a stream. Nothing was done; the sender must send those entries again first. */
export class StreamRewound extends Error {
  override readonly name = 'StreamRewound'
}
