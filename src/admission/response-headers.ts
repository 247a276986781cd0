/**
 * Security headers of every response: browsers must not execute, frame, sniff or share it. A route that serves a page sets its own
 * content security policy.
 */
export const RESPONSE_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // For browsers that do not support `frame-ancestors`.
  'x-frame-options': 'DENY',
}
