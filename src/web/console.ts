/**
 * The console at `/console/`: Altair, served by this server, so that it works offline. The page contains no host name and uses the API
 * next to it, so it works at any address and below any path of a proxy.
 */
import fastifyStatic from '@fastify/static'
import { getDistDirectory, isSandboxFrame, renderAltair } from 'altair-static'
import type { RenderOptions } from 'altair-static'
import type { FastifyInstance } from 'fastify'
import { startScript } from './console-start.ts'

const SCRIPT = 'start.js'

/** Prevents Altair from loading anything from elsewhere, such as plugins. */
const PAGE_POLICY = {
  'default-src': "'none'",
  'base-uri': "'self'",
  'script-src': "'self'",
  // Angular and CodeMirror write their styles into the page.
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self' data:",
  // This includes WebSockets.
  'connect-src': "'self'",
  'worker-src': "'self'",
  'frame-src': "'self'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

/** Scripts that users attach to their requests run in a frame. Only there is `eval` allowed. */
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
    // The page is the same for every request, so it has no nonces. An empty nonce would match any other empty nonce.
    .replaceAll(' nonce=""', '')
    .replace('<title>Altair</title>', '<title>Onhand console</title>')
  const script = startScript(OPTIONS)
  // The redirects are relative, because a proxy may serve the console below a path.
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
