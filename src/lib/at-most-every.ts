/** Passes on one value in `intervalMs` at most, and leaves out the rest: for what would fill a log. */
export function atMostEvery<Value>(intervalMs: number, tell: (value: Value) => void): (value: Value) => void {
  let last = -Infinity
  return (value) => {
    const now = performance.now()
    if (now - last < intervalMs) return
    last = now
    tell(value)
  }
}
