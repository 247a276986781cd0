import { expect, test } from 'vitest'
import { createClientAddress } from '../../src/admission/client-address.ts'

const PROXIES = ['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7']
const clientOf = createClientAddress(PROXIES)

test.each([
  ['a client', '198.51.100.1', undefined, '198.51.100.1'],
  ['a client that sends X-Forwarded-For itself', '198.51.100.1', '203.0.113.5', '198.51.100.1'],
  ['an IPv4 address in IPv6 notation', '::ffff:198.51.100.1', undefined, '198.51.100.1'],
  ['all of a /64', '2001:db8:7:8:9::1', undefined, '2001:db8:7:8'],
  ['a short IPv6 address', '2001:db8::1', undefined, '2001:db8:0:0'],
  ['a trusted proxy', '10.1.2.3', '203.0.113.5', '203.0.113.5'],
  ['a trusted proxy that is given as a single address', '192.0.2.7', '203.0.113.5', '203.0.113.5'],
  [
    'a chain of proxies, with an invented address of the client first',
    '10.1.2.3',
    '1.1.1.1, 203.0.113.5, 10.9.9.9',
    '203.0.113.5',
  ],
  ['a proxy on this machine', '127.0.0.1', '203.0.113.5', '203.0.113.5'],
  ['a proxy on this machine, over IPv6', '::1', '2001:db8:7:8:9::1', '2001:db8:7:8'],
  ['a client on this machine', '127.0.0.1', undefined, null],
  ['a proxy that names no client', '10.1.2.3', undefined, null],
  ['a closed connection', undefined, undefined, ''],
])('%s', (_, remoteAddress, forwarded, expected) => {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  expect(clientOf({ headers, socket: { remoteAddress } })).toBe(expected)
})
