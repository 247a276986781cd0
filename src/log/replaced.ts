/**
 * What somebody holds, or watches, belongs to a history that the log no longer has: a restored backup, or a failover that lost
 * commits, has put another in its place. To ask again is no use; whoever holds it starts anew from the present.
 */
export class LogReplaced extends Error {
  override readonly name = 'LogReplaced'
}
