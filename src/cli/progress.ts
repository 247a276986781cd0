/** Shows the progress of long work on stderr: as a bar on a terminal, else as a line every few seconds. */
import cliProgress from 'cli-progress'

export interface Progress {
  /** @param note shown behind the numbers */
  update(done: number, total: number, note?: string): void
  end(): void
}

const LINE_INTERVAL_MS = 5000

/** @param unit what is counted, in plural */
export function startProgress(what: string, unit: string): Progress {
  return process.stderr.isTTY ? bar(what, unit) : lines(what, unit)
}

function bar(what: string, unit: string): Progress {
  const shown = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `${what} {bar} {percentage} % | {value}/{total} ${unit} | {rate}/s | {left} to go {note}`,
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
  })
  const startedAt = performance.now()
  let started = false
  return {
    update(done, total, note = '') {
      const rate = rateOf(done, startedAt)
      const left = rate === 0 ? '…' : duration((total - done) / rate)
      if (!started) shown.start(total, done, { rate, left, note })
      started = true
      shown.setTotal(total)
      shown.update(done, { rate, left, note })
    },
    end() {
      if (started) shown.stop()
    },
  }
}

function lines(what: string, unit: string): Progress {
  const startedAt = performance.now()
  let writtenAt = startedAt
  return {
    update(done, total, note = '') {
      if (performance.now() - writtenAt < LINE_INTERVAL_MS) return
      writtenAt = performance.now()
      process.stderr.write(`${what}: ${done} of ${total} ${unit}, ${rateOf(done, startedAt)}/s ${note}\n`)
    },
    end() {},
  }
}

const rateOf = (done: number, startedAt: number): number =>
  Math.round(done / Math.max(0.001, (performance.now() - startedAt) / 1000))

/** Replaces the library's own estimate, which is a word instead of a time for work that ends before the first measurement. */
const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
