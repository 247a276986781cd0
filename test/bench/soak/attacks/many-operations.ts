/** Sends documents with 100 operations, each of which is compiled separately, and never the same document twice. */
import { ask } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

export const manyOperations: Client = ({ url }, signal) =>
  repeatedly(signal, 200, async (note, nth) => {
    const operations = Array.from({ length: 100 }, (_, at) => `query Q${nth}_${at} { projections { name } }`)
    note(await ask(url, { query: operations.join('\n'), operationName: `Q${nth}_${nth % 100}` }))
  })
