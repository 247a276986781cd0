/** Passes on at most one value per `intervalMs` and drops the others, so that repeated messages do not fill a log. */
export function atMostEvery<Value>(intervalMs: number, emit: (value: Value) => void): (value: Value) => void {
  let last = -Infinity
  return (value) => {
    const now = performance.now()
    if (now - last < intervalMs) return
    last = now
    emit(value)
  }
}
