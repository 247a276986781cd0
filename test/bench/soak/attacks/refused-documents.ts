/** Sends documents beyond every limit, and documents with many or long errors. */
import { ask } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const nested = 12
const DOCUMENTS = [
  '{ __schema { types { name fields { name } } } }',
  `{ ${Array.from({ length: 20 }, (_, at) => `a${at}: projections { name }`).join(' ')} }`,
  `{ ${'a { '.repeat(nested)}b${' }'.repeat(nested)} }`,
  `{ ${'projections { name } '.repeat(1200)} }`,
  '\n'.repeat(4000),
  '{ products(first: 100) { nodes { batches(first: 1000) { lines(first: 1000) { sku } } } } }',
  `{ ${'x'.repeat(90_000)} }`,
  `{ product(sku: "${'Did you mean '.repeat(7000)}") { availabel } }`,
  `{ ${'prodict '.repeat(900)} }`,
  `{ ${'__typename '.repeat(900)} }`,
]

export const refusedDocuments: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    for (const query of DOCUMENTS) note(await ask(url, { query }))
  })
