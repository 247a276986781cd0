/**
 * The console at `/console/`: Altair, served from here, so that everyone who has the server has an explorer, online or not.
 * Its page names no host, and finds the API next to itself: it works at any address, and below any path of a proxy.
 */
import fastifyStatic from '@fastify/static'
import { getDistDirectory, isSandboxFrame, renderAltair } from 'altair-static'
import type { RenderOptions } from 'altair-static'
import type { FastifyInstance } from 'fastify'
import { startScript } from './console-start.ts'

const SCRIPT = 'start.js'

/** Whatever Altair would like to fetch from elsewhere, plugins say, it does not get. */
const PAGE_POLICY = {
  'default-src': "'none'",
  'base-uri': "'self'",
  'script-src': "'self'",
  // Angular and CodeMirror write their styles into the page.
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self' data:",
  // That goes for WebSockets, too.
  'connect-src': "'self'",
  'worker-src': "'self'",
  'frame-src': "'self'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

/** Scripts that users attach to their requests run in a frame, the only place where text may become code. */
const FRAME_POLICY = {
  ...PAGE_POLICY,
  'script-src': "'self' 'unsafe-eval'",
  'connect-src': "'none'",
  'frame-ancestors': "'self'",
}

const headersOf = (policy: Record<string, string>, framing: string) => ({
  'content-security-policy': Object.entries(policy)
    .map((directive) => directive.join(' '))
    .join('; '),
  'x-frame-options': framing,
})
const PAGE_HEADERS = headersOf(PAGE_POLICY, 'DENY')
const FRAME_HEADERS = headersOf(FRAME_POLICY, 'SAMEORIGIN')

const OPTIONS: RenderOptions = {
  instanceStorageNamespace: 'onhand_',
  initialSettings: {
    theme: 'system',
    'theme.dark': 'dark',
    'theme.editorFontSize': 13,
    addQueryDepthLimit: 2,
    'schema.reloadOnStart': true,
    'alert.disableUpdateNotification': true,
    'alert.disableWarnings': true,
    'banners.disable': true,
    disablePushNotification: true,
    enableTablistScrollbar: true,
  },
  disableAccount: true,
}

export async function consoleRoutes(server: FastifyInstance): Promise<void> {
  const page = renderAltair({ ...OPTIONS, baseURL: './', serveInitialOptionsInSeperateRequest: SCRIPT })
    // Nonces are for pages that are made anew each time; what is empty would match what is empty.
    .replaceAll(' nonce=""', '')
    .replace('<title>Altair</title>', '<title>Onhand console</title>')
  const script = startScript(OPTIONS)
  // Relative, for a proxy may serve all of this below a path of its own.
  server.get('/', (_, reply) => reply.redirect('console/'))
  server.get('/console', (_, reply) => reply.redirect('console/'))
  await server.register(async (files) => {
    files.addHook('onRequest', async ({ url }, reply) => {
      reply.headers(isSandboxFrame(url) ? FRAME_HEADERS : PAGE_HEADERS)
    })
    files.get('/console/', (_, reply) => reply.type('text/html; charset=utf-8').send(page))
    files.get(`/console/${SCRIPT}`, (_, reply) => reply.type('text/javascript; charset=utf-8').send(script))
    await files.register(fastifyStatic, { root: getDistDirectory(), prefix: '/console/', index: false })
  })
}
