/** Sends invented consistency tokens: of missing partitions, of another epoch, and of positions far beyond the log. */
import { ask } from '../ask.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const entries = Array.from({ length: 1024 }, (_, at) => `${at + 1}:1`).join(',')
const FORGED = [`e1.${entries}`, 'e1.0:1', 'e1.0:999999999999', `e1.0:9,${entries}`]
const FIELDS = Array.from(
  { length: 15 },
  (_, at) => `a${at}: product(sku: $sku, consistentWith: $token) { sku }`,
)
const query = `query ($sku: ID!, $token: ConsistencyToken) { ${FIELDS.join(' ')} }`

export const forgedTokens: Client = ({ url, skus }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    const asked = FORGED.flatMap((token) => Array.from({ length: 5 }, () => ({ sku: skus[0], token })))
    const outcomes = await Promise.all(asked.map((variables) => ask(url, { query, variables })))
    outcomes.forEach(note)
  })
