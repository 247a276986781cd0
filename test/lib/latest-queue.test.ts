import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LatestQueue } from '../../src/lib/latest-queue.ts'

const queue = () => new LatestQueue<string, number>(() => {})

describe('a consumer', () => {
  test('gets the keys in the order in which they were put, each with its latest value', async () => {
    const values = queue()
    values.put('a', 1)
    values.put('b', 1)
    values.put('a', 2)
    expect([await values.next(), await values.next()]).toEqual([
      { done: false, value: 2 },
      { done: false, value: 1 },
    ])
  })

  test('gets the next value at once if it is waiting', async () => {
    const values = queue()
    const waiting = values.next()
    values.put('a', 1)
    expect(await waiting).toEqual({ done: false, value: 1 })
  })

  test('also gets a quiet key while another key is busy', async () => {
    const values = queue()
    values.put('busy', 0)
    values.put('quiet', 100)
    const taken: unknown[] = []
    for (let at = 1; at <= 3; at += 1) {
      taken.push((await values.next()).value)
      values.put('busy', at)
    }
    expect(taken).toContain(100)
  })

  test('may call next several times at once and gets a different value for each call', async () => {
    const values = queue()
    const answers = [values.next(), values.next(), values.next()]
    values.put('a', 1)
    await answers[0]
    values.put('b', 2)
    values.put('c', 3)
    const taken = await Promise.race([Promise.all(answers), drained()])
    expect(taken).toEqual([1, 2, 3].map((value) => ({ done: false, value })))
  })

  test('always gets the last value of every key, and never an older value after a newer one', async () => {
    const step = fc.oneof(
      fc.record({ take: fc.constant(false as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.constant({ take: true as const }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const values = new LatestQueue<string, { key: string; version: number }>(() => {})
        const put = new Map<string, number>()
        const seen = new Map<string, number>()
        let waiting = 0
        const take = async () => {
          const { value } = await values.next()
          if (value === undefined) throw new Error('The queue has ended.')
          expect(value.version).toBeGreaterThan(seen.get(value.key) ?? 0)
          seen.set(value.key, value.version)
        }
        for (const step of steps) {
          if (step.take) {
            if (waiting > 0) await take()
            waiting = Math.max(0, waiting - 1)
          } else {
            const version = (put.get(step.key) ?? 0) + 1
            if (seen.get(step.key) === put.get(step.key)) waiting += 1
            put.set(step.key, version)
            values.put(step.key, { key: step.key, version })
          }
        }
        while (waiting > 0) {
          await take()
          waiting -= 1
        }
        expect(seen).toEqual(put)
      }),
    )
  })
})

describe('the end', () => {
  test('reaches a waiting consumer, and calls onEnd once', async () => {
    const end = { done: true, value: undefined }
    let ends = 0
    const values = new LatestQueue<string, number>(() => (ends += 1))
    const waiting = [values.next(), values.next()]
    await values.return()
    await values.return()
    expect(await Promise.all(waiting)).toEqual([end, end])
    expect(ends).toBe(1)
  })

  test('drops values that were not consumed, and later ones', async () => {
    const values = queue()
    values.put('a', 1)
    await values.return()
    values.put('b', 2)
    expect(await values.next()).toEqual({ done: true, value: undefined })
  })

  test('comes when the consumer leaves its loop or throws', async () => {
    let ends = 0
    const values = new LatestQueue<string, number>(() => (ends += 1))
    values.put('a', 1)
    for await (const value of values) {
      expect(value).toBe(1)
      break
    }
    expect(ends).toBe(1)
    await expect(queue().throw(new Error('no more'))).rejects.toThrow('no more')
  })
})

/** Lets all pending work of the event loop run. */
async function drained(): Promise<string> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return 'nothing more comes'
}
