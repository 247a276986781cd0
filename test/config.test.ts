import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

test('nothing has to be set', () => {
  expect(readConfig({})).toMatchObject({
    port: 4000,
    host: '127.0.0.1',
    databaseUrl: null,
    redisUrl: null,
    seed: 'sample',
    partitions: 1,
    drainSeconds: 0,
    production: false,
  })
  expect([...readConfig({}).roles]).toEqual(['api', 'projector', 'sweeper'])
})

test.each([
  [{}, 'sample'],
  [{ NODE_ENV: 'development' }, 'sample'],
  [{ NODE_ENV: 'production' }, 'none'],
  [{ DATABASE_URL: 'postgres://db/shop' }, 'none'],
  [{ DATABASE_URL: 'postgres://db/shop', SEED: 'sample' }, 'sample'],
  [{ SEED: 'none' }, 'none'],
])(
  'sample data goes into an embedded database outside of production, and elsewhere when asked for: %j',
  (environment, seed) => {
    expect(readConfig(environment).seed).toBe(seed)
  },
)

test('a variable that is empty is one that is not set', () => {
  expect(readConfig({ PORT: '', DATABASE_URL: '', ROLES: '', ALLOWED_ORIGINS: '' })).toEqual(readConfig({}))
})

test('introspection is on, but for production, unless it is said', () => {
  expect(readConfig({}).introspection).toBe(true)
  expect(readConfig({ NODE_ENV: 'production' }).introspection).toBe(false)
  expect(readConfig({ NODE_ENV: 'production', INTROSPECTION: 'on' }).introspection).toBe(true)
  expect(readConfig({ INTROSPECTION: 'off' }).introspection).toBe(false)
})

test('lists are separated by commas', () => {
  const { roles, allowedOrigins, allowedHosts } = readConfig({
    ALLOWED_HOSTS: 'shop.example, [::2]:4000,*',
    ROLES: 'api, sweeper,',
    ALLOWED_ORIGINS: 'https://shop.example , http://localhost:3000',
  })
  expect([...roles]).toEqual(['api', 'sweeper'])
  expect(allowedHosts).toEqual(['shop.example', '[::2]:4000', '*'])
  expect(allowedOrigins).toEqual(['https://shop.example', 'http://localhost:3000'])
})

describe('a mistake is named with its variable and value', () => {
  test.each([
    ['PORT', '65536', '0 to 65535'],
    ['PORT', '-1', 'whole number'],
    ['PORT', '4e3', 'whole number'],
    ['PARTITIONS', '0', '1 to 1024'],
    ['MAX_LIVE_CONNECTIONS', '0', '1 to 1000000'],
    ['TRUSTED_PROXIES', 'proxy.example', '10.0.0.0/8'],
    ['TRUSTED_PROXIES', '10.0.0.0/33', '10.0.0.0/8'],
    ['TRUSTED_PROXIES', '10.0.0.0/', '10.0.0.0/8'],
    ['ROLES', 'api,reader', 'api, projector, sweeper'],
    ['ROLES', ',', 'at least one'],
    ['SEED', 'demo', 'sample or none'],
    ['DATABASE_URL', 'mysql://localhost/shop', 'postgres://'],
    ['REDIS_URL', 'localhost:6379', 'redis://'],
    ['REDIS_READ_MODEL', 'on', 'REDIS_URL must be set'],
    ['INTROSPECTION', 'yes', 'on or off'],
    ['ALLOWED_ORIGINS', '*', 'https://shop.example'],
    ['ALLOWED_ORIGINS', 'https://shop.example/', 'origins'],
    ['ALLOWED_ORIGINS', 'shop.example', 'origins'],
    ['ALLOWED_HOSTS', 'https://shop.example', 'shop.example'],
    ['ALLOWED_HOSTS', 'a b', 'hosts'],
    ['RECEIPT_RETENTION_HOURS', '1', '24 to'],
  ])('%s=%s', (name, value, hint) => {
    const read = () => readConfig({ [name]: value })
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(`${name}=${value}: `)
    expect(read).toThrow(hint)
  })
})

test('one message names all mistakes, without passwords', () => {
  const read = () => readConfig({ PORT: 'http', DATABASE_URL: 'mysql://shop:secret@db/shop' })
  expect(read).toThrow(/PORT=http[^]*DATABASE_URL=mysql:\/\/…@db/)
  expect(read).not.toThrow('secret')
})
