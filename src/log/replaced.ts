/**
 * A token, cursor or subscription belongs to a history that the log no longer has, because a restored backup or a failover
 * that lost commits replaced it. A retry does not help: the client must start again from the current state.
 */
export class LogReplaced extends Error {
  override readonly name = 'LogReplaced'
}
