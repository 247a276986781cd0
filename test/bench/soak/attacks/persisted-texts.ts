/** Registers automatic persisted queries of the maximum length, never the same twice. */
import { createHash } from 'node:crypto'
import { ask } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const filler = '#'.repeat(60_000)

export const persistedTexts: Client = ({ url }, signal) =>
  repeatedly(signal, 200, async (note, nth) => {
    const query = `query Q${nth} { projections { name } } ${filler}`
    const sha256Hash = createHash('sha256').update(query).digest('hex')
    note(await ask(url, { query, extensions: { persistedQuery: { version: 1, sha256Hash } } }))
  })
