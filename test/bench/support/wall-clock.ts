/**
 * The wall clock, which Postgres uses too, in milliseconds since 1970 with fractions, which `Date.now()` lacks. It is precise for
 * minutes; then the two clocks of a machine drift apart.
 */
export function wallClock(): () => number {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  const offset = now - performance.now()
  return () => performance.now() + offset
}
