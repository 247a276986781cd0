import { expect, test } from 'vitest'
import { deferred } from '../../src/lib/deferred.ts'
import { repeat } from '../../src/lib/repeating.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

test('runs at once, and again after each pause', async () => {
  let runs = 0
  const task = repeat(async () => (runs += 1), 1, fail)
  expect(runs).toBe(1)
  await until(() => runs >= 4)
  await task.close()
})

test('an error, thrown or rejected, is reported and does not end the repetition', async () => {
  const errors: unknown[] = []
  let runs = 0
  const failing = () => {
    runs += 1
    if (runs === 1) throw new Error('thrown')
    return runs === 2 ? Promise.reject(new Error('rejected')) : Promise.resolve()
  }
  const task = repeat(failing, 1, (error) => errors.push(error))
  await until(() => runs >= 4)
  await task.close()
  expect(errors).toEqual([new Error('thrown'), new Error('rejected')])
})

test('never runs twice at a time', async () => {
  const running = deferred<void>()
  let runs = 0
  const task = repeat(
    () => {
      runs += 1
      return runs === 1 ? running.promise : Promise.resolve()
    },
    0,
    fail,
  )
  await new Promise((resolve) => setImmediate(resolve))
  expect(runs).toBe(1)
  running.resolve()
  await until(() => runs > 1)
  await task.close()
})

test('close waits for the current run, and no further run starts', async () => {
  const running = deferred<void>()
  let runs = 0
  let closed = false
  const task = repeat(() => ((runs += 1), running.promise), 0, fail)
  const closing = task.close().then(() => (closed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(false)
  running.resolve()
  await closing
  expect(runs).toBe(1)
})

test('close ends a pause at once', async () => {
  const task = repeat(async () => {}, HOUR_MS, fail)
  await new Promise((resolve) => setImmediate(resolve))
  await task.close()
})

function fail(error: unknown): never {
  throw error
}
