/** A result of a live operation, rendered once for all clients that watch the same. */
export interface Frame {
  /** `{"data":…}` as JSON, in ASCII: each character is a byte. */
  readonly payload: string
  /** A newer frame with the same key replaces this one; null: the frame is never skipped. */
  readonly key: string | null
  /** A client that has received this frame resumes after this cursor; null: the client cannot resume. */
  readonly cursor: string | null
}

const BEYOND_ASCII = /[\u0080-\uffff]+/g

/** JSON in ASCII, so that its length is also its length in bytes. Clients parse the same values from it. */
export const asciiJson = (value: unknown): string => inAscii(JSON.stringify(value))

/** Escapes all characters of the JSON text beyond ASCII. */
export const inAscii = (json: string): string => json.replaceAll(BEYOND_ASCII, escapeAll)

function escapeAll(text: string): string {
  let escaped = ''
  for (let at = 0; at < text.length; at += 1)
    escaped += `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
  return escaped
}
