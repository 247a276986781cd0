/** Queries over HTTP that one core answers, compared with unmodified Apollo Server and with the limit of Node's own server. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CONTENDERS, PRODUCT, WATCHED } from '../queries/contender.ts'
import type { Contender, ServerReport } from '../queries/contender.ts'
import type { Bench, Suite } from '../suite.ts'
import { closedLoop } from '../support/closed-loop.ts'
import type { Sample } from '../support/closed-loop.ts'
import { ALL_CORES, LOAD_CORE, SERVER_CORE, canPin, pin } from '../support/cores.ts'
import { HttpConnection } from '../support/http-connection.ts'
import { quiet } from '../support/machine.ts'
import { median } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { interleave, summarize, summaryColumns } from '../support/rounds.ts'
import { SKUS, fillStock } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'
import { watch } from '../support/watchers.ts'
import { until } from '../../support/until.ts'

const CLIENTS = 64
const SERVER = join(import.meta.dirname, '../queries/server.js')

interface Server {
  readonly contender: Contender
  readonly url: string
  readonly cpuUs: () => Promise<number>
  /** The `ETag`s of the watched products, if the server sends any. */
  readonly tags: readonly string[]
}

interface Measured extends Sample {
  readonly perCpuSecond: number
}

interface Case {
  readonly name: string
  /** Whether all contenders have the row in memory, so that only the way to it differs. */
  readonly target: boolean
  /** What the client sends and checks. */
  readonly ask: (server: Server, connection: HttpConnection, count: number) => Promise<unknown>
}

const skuOf = (count: number): string => SKUS[count % WATCHED] as string
const body = (variables: object): string => JSON.stringify({ query: PRODUCT, variables })
const pathOf = (sku: string): string =>
  `/graphql?${String(new URLSearchParams({ query: PRODUCT, variables: JSON.stringify({ sku }) }))}`
const PREFLIGHT = 'apollo-require-preflight: true\r\n'

const PATHS = SKUS.slice(0, WATCHED).map(pathOf)
const BODIES = SKUS.map((sku) => body({ sku }))

const CASES: readonly Case[] = [
  {
    name: 'watched',
    target: true,
    ask: async (_, connection, count) => post(connection, BODIES[count % WATCHED] as string),
  },
  {
    name: 'watched, new request',
    target: true,
    // An unused variable makes each request different.
    ask: async (_, connection, count) => post(connection, body({ sku: skuOf(count), count })),
  },
  {
    name: 'not watched',
    target: false,
    ask: async (_, connection, count) =>
      post(connection, BODIES[WATCHED + (count % (SKUS.length - WATCHED))] as string),
  },
  {
    name: 'watched, GET if changed',
    target: true,
    async ask({ tags }, connection, count) {
      const at = count % WATCHED
      const tag = tags[at]
      const condition = tag === undefined ? '' : `if-none-match: ${tag}\r\n`
      const { status, head } = await connection.get(PATHS[at] as string, PREFLIGHT + condition)
      if (status !== (tag === undefined ? 200 : 304)) throw new Error(head)
    },
  },
]

async function post(connection: HttpConnection, body: string): Promise<void> {
  const answer = await connection.post(body)
  if (!answer.startsWith('{"data":{"product":{"sku":"')) throw new Error(answer)
}

export const queries: Suite = {
  name: 'queries',
  about:
    'queries per second over HTTP on one core, compared with unmodified Apollo Server and bare node:http',
  async run(bench) {
    const [rounds, durationMs] = bench.quick ? [2, 1000] : [3, 3000]
    const { version, createDatabase } = await openPostgres(bench)
    const databaseUrl = await createDatabase('queries')
    await fillStock(databaseUrl)
    const servers: Server[] = []
    for (const contender of CONTENDERS) servers.push(await startServer(bench, contender, databaseUrl))
    pin(process.pid, LOAD_CORE)
    const data: { case: string; contender: Contender; samples: Measured[] }[] = []
    const rows: string[][] = []
    for (const one of CASES) {
      bench.say(`${one.name}: warming up`)
      for (const server of servers) await measure(one, server, durationMs / 2)
      await quiet()
      const samples = await interleave(servers, rounds, async (server, round) => {
        bench.say(`${one.name}: round ${round + 1}/${rounds}, ${server.contender}`)
        return measure(one, server, durationMs)
      })
      const apollo = perCpuSecond(samples.get(servers[1] as Server) ?? [])
      for (const [{ contender }, own] of samples) {
        rows.push([
          one.name,
          contender,
          ...summarize(own),
          formatNumber(perCpuSecond(own)),
          `${formatNumber(perCpuSecond(own) / apollo)}x`,
          contender === 'onhand' && one.target ? '>= 2x' : '–',
        ])
        data.push({ case: one.name, contender, samples: own })
      }
    }
    pin(process.pid, ALL_CORES)
    return {
      tables: [
        {
          title: `Queries, Postgres ${version}, medians of ${rounds} rounds of ${durationMs / 1000} s`,
          columns: ['product is', 'by', ...summaryColumns, 'a CPU second', 'of Apollo', 'target'],
          rows,
        },
      ],
      notes: [
        `The same schema, resolvers and data, ${CLIENTS} connections. watched: ${WATCHED} products that are in memory, for Apollo in a Map; not watched: read from Postgres, for both with the reads of one turn in one statement.`,
        'new request: with a variable that never repeats, so that no earlier answer can be reused. GET if changed: with the ETag of the client’s answer; Apollo has no ETags and answers in full.',
        'bare node:http: the same bytes for every request, without reading it. CPU second: of the server’s process, without Postgres; the ratios compare these.',
        canPin
          ? 'The server has one core, the clients the other, Postgres both.'
          : 'There is no taskset here, so the server and the clients share the cores.',
      ],
      data,
    }
  },
}

const perCpuSecond = (samples: readonly Measured[]): number =>
  median(samples.map((sample) => sample.perCpuSecond))

async function measure({ ask }: Case, server: Server, durationMs: number): Promise<Measured> {
  // Open new connections each time, because a server closes connections that are idle for long.
  const connections = Array.from({ length: CLIENTS }, () => new HttpConnection(server.url))
  let count = 0
  let answered = 0
  const before = await server.cpuUs()
  const sample = await closedLoop(CLIENTS, durationMs, async (client) => {
    count += 1
    await ask(server, connections[client] as HttpConnection, count)
    answered += 1
  })
  const cpuSeconds = ((await server.cpuUs()) - before) / 1e6
  for (const connection of connections) connection.close()
  return { ...sample, perCpuSecond: answered / cpuSeconds }
}

async function startServer(bench: Bench, contender: Contender, databaseUrl: string): Promise<Server> {
  const { onEnd } = bench
  const child = fork(SERVER, [contender, databaseUrl], {
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  onEnd(() => child.kill('SIGKILL'))
  const said = async <Type extends ServerReport['type']>(type: Type) => {
    const [report] = (await once(child, 'message')) as [ServerReport]
    if (report.type !== type) throw new Error(`${contender} said ${report.type} in place of ${type}.`)
    return report as Extract<ServerReport, { type: Type }>
  }
  const { url } = await said('listening')
  pin(child.pid as number, SERVER_CORE)
  if (contender === 'onhand') await until(() => isProjected(url))
  const tags = contender === 'Apollo on Fastify' ? [] : await tagsOf(bench, contender, url)
  return {
    contender,
    url,
    tags,
    async cpuUs() {
      child.send({ type: 'cpu' })
      return (await said('cpu')).us
    },
  }
}

async function isProjected(url: string): Promise<boolean> {
  const connection = new HttpConnection(url)
  const answer = JSON.parse(await connection.post('{"query":"{ projections { lag } }"}'))
  connection.close()
  return answer.data.projections.every(({ lag }: { lag: number }) => lag === 0)
}

async function tagsOf({ onEnd }: Bench, contender: Contender, url: string): Promise<string[]> {
  if (contender === 'bare node:http') return PATHS.map(() => '"constant"')
  const skus = SKUS.slice(0, WATCHED)
  const seen = new Set<string>()
  await new Promise<void>((resolve, reject) => {
    const query = 'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku } }'
    watch<{ availabilityChanged: { sku: string } }>(url, [{ query, variables: { skus } }], (data) => {
      if (seen.add(data.availabilityChanged.sku).size === WATCHED) resolve()
    }).then(onEnd, reject)
  })
  const connection = new HttpConnection(url)
  const tags: string[] = []
  for (const path of PATHS) {
    const { head } = await connection.get(path, PREFLIGHT)
    tags.push(/\r\netag: (\S+)\r\n/.exec(head)?.[1] ?? '')
  }
  connection.close()
  return tags
}
