/** `onhand/client` in a browser, as the compiler leaves it: ES modules, found by an import map. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/browser.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { openProxy } from '../support/proxy.ts'
import type { Proxy } from '../support/proxy.ts'

const ROOT = join(import.meta.dirname, '../..')
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
}

/** Compiles only the client, with the settings of the build. */
async function compileClient(outDir: string): Promise<void> {
  const project = join(outDir, 'tsconfig.json')
  const settings = {
    extends: join(ROOT, 'src/tsconfig.json'),
    compilerOptions: { outDir, rootDir: join(ROOT, 'src'), typeRoots: [join(ROOT, 'node_modules/@types')] },
    include: [join(ROOT, 'src/client')],
  }
  await writeFile(project, JSON.stringify(settings))
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project])
  if (status !== 0) throw new Error(`The client does not compile: ${String(stdout)}`)
}

/** Serves the page, the client and the two packages that it imports. */
async function servePage(compiled: string): Promise<Server> {
  const server = createServer(async ({ url = '' }, response) => {
    const path = url.split('?', 1)[0] as string
    const root =
      path === '/page.html'
        ? import.meta.dirname
        : path.startsWith('/client/')
          ? compiled
          : join(ROOT, 'node_modules')
    const file = await readFile(join(root, path)).catch(() => null)
    response.writeHead(file === null ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' })
    response.end(file)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let compiled: string
  let pages: Server
  let onhand: TestOnhand
  let proxy: Proxy
  let browser: Browser

  beforeAll(async () => {
    compiled = await mkdtemp(join(tmpdir(), 'onhand-client-'))
    await compileClient(compiled)
    pages = await servePage(compiled)
    onhand = await startTestOnhand()
    proxy = await openProxy(onhand.url)
    browser = await chromium.launch({ executablePath: chromiumPath as string, args: ['--no-sandbox'] })
    await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 100 })
  })

  afterAll(async () => {
    await browser.close()
    await proxy.close()
    await onhand.close()
    pages.close()
    await rm(compiled, { recursive: true, force: true })
  })

  test('a page shows changes of availability, and is up to date again after a disconnection', async () => {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    const { port } = pages.address() as AddressInfo
    const live = encodeURIComponent(`${proxy.url}/graphql`)
    await page.goto(`http://127.0.0.1:${port}/page.html?${live}`)
    const shows = (id: string, text: string) =>
      page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor()
    await shows('available', '100')
    await shows('state', 'live')
    await allocate(onhand, { orderId: 'o1', sku: 'lamp', quantity: 1 })
    await shows('available', '99')

    await proxy.refuse()
    await shows('state', 'reconnecting')
    await allocate(onhand, { orderId: 'o2', sku: 'lamp', quantity: 2 })
    await proxy.listen()
    await shows('available', '97')
    await shows('state', 'live')
    await page.locator('li', { hasText: '3' }).waitFor()
    expect(await page.locator('li').allInnerTexts()).toEqual(['1', '2', '3'])
    expect(complaints).toEqual([])
  })
})
