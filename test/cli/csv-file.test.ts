import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCsv } from '../../src/cli/csv-file.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onhand-csv-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

async function read(name: string, content: string | Buffer) {
  const path = join(directory, name)
  await writeFile(path, content)
  return readCsv(path, ['sku', 'quantity'])
}

test.each(['\n', '\r\n'])(
  'a byte order mark, comments on top, quotes and gaps, with line ends %j',
  async (end) => {
    const lines = [
      '\uFEFF# from a shop',
      '# of ours',
      'sku,quantity',
      'a#1, 5 ',
      '',
      '"b ""x""",6',
      'c',
      'd,7,8',
      '#e,9',
    ]
    const { rows } = await read('shop.csv', lines.join(end))
    expect(rows).toEqual([
      { line: 4, values: { sku: 'a#1', quantity: '5' }, ragged: false },
      { line: 6, values: { sku: 'b "x"', quantity: '6' }, ragged: false },
      { line: 7, values: { sku: 'c' }, ragged: true },
      { line: 8, values: { sku: 'd', quantity: '7' }, ragged: true },
      { line: 9, values: { sku: '#e', quantity: '9' }, ragged: false },
    ])
  },
)

test('the fingerprint depends on the content only', async () => {
  const [one, same, other] = [
    await read('1.csv', 'sku,quantity\na,1\n'),
    await read('2.csv', 'sku,quantity\na,1\n'),
    await read('3.csv', 'sku,quantity\na,2\n'),
  ]
  expect(same.fingerprint).toBe(one.fingerprint)
  expect(other.fingerprint).not.toBe(one.fingerprint)
})

test.each([
  { name: 'empty.csv', content: '', says: 'has no column sku, quantity.' },
  { name: 'head.csv', content: 'sku,units\n', says: 'has no column quantity.' },
  { name: 'plain.csv.gz', content: 'sku,quantity\na,1\n', says: 'cannot be read: incorrect header check' },
  {
    name: 'cut.csv.gz',
    content: gzipSync('sku,quantity\na,1\n').subarray(0, 25),
    says: 'cannot be read: unexpected end of file',
  },
  { name: 'open.csv', content: 'sku,quantity\n"a,1\n', says: 'cannot be read: Quote Not Closed' },
])('$name: $says', async ({ name, content, says }) => {
  await expect(read(name, content)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining(says),
  })
})
