import { Counter, Gauge, Histogram, Registry } from 'prom-client'

type Labels = Readonly<Record<string, string | number>>
export type Reading = readonly [labels: Labels, value: number]

/** The metrics of one composition; a process may have several. Values that are counted elsewhere are read at each scrape. */
export class Instruments {
  readonly registry = new Registry()
  readonly #registers = [this.registry]

  gauge(name: string, help: string, read: () => number): void {
    this.gauges(name, help, [], () => [[{}, read()]])
  }

  /** Each scrape shows only the current readings. */
  gauges(
    name: string,
    help: string,
    labelNames: string[],
    read: () => Iterable<Reading> | Promise<Iterable<Reading>>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: this.#registers,
      async collect() {
        const readings = await read()
        // For a gauge without labels, `reset` would leave a zero.
        if (labelNames.length === 0) this.remove()
        else this.reset()
        for (const [labels, value] of readings) this.set(labels, value)
      },
    })
  }

  counter(name: string, help: string, read: () => number): void {
    this.counters(name, help, [], () => [[{}, read()]])
  }

  counters(name: string, help: string, labelNames: string[], read: () => Iterable<Reading>): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.inc(labels, value)
      },
    })
  }

  /** @returns a counter that its user increments */
  tally(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: this.#registers })
  }

  histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets, registers: this.#registers })
  }
}

/** Converts counts such as `{ apollo: 1, fastPath: 2 }` to readings. */
export const readingsBy = (label: string, counts: Readonly<Record<string, number>>): Reading[] =>
  Object.entries(counts).map(([name, value]) => [{ [label]: name }, value])
