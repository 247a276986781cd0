/** Sends small queries in large documents, with unneeded comments, blanks, names and variables, never the same twice. */
import { ask } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

export const paddedDocuments: Client = ({ url, skus }, signal) =>
  repeatedly(signal, 500, async (note, nth) => {
    const sku = skus[nth % skus.length]
    const product = `product(sku: "${sku}") { available }`
    const padded = [
      { query: `{ ${product} } #${nth}${'#'.repeat(90_000)}` },
      { query: `{${' '.repeat(90_000)}a${nth}: ${product} }` },
      { query: `query ${'N'.repeat(90_000)}${nth} { ${product} }` },
      { query: `{ ${product} }`, variables: { [`v${nth}`]: 'v'.repeat(90_000) } },
    ]
    for (const body of padded) note(await ask(url, body))
  })
