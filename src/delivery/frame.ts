/** A result of a live operation as every client that asks for the same gets it: made once, sent as it is. */
export interface Frame {
  /** `{"data":…}` as JSON, in ASCII: each character is a byte. */
  readonly payload: string
  /** A newer frame of the same key stands for this one; null: it is never left out. */
  readonly key: string | null
  /** Whoever has seen this one goes on after it; null where there is nothing to go on from. */
  readonly cursor: string | null
}

const BEYOND_ASCII = /[\u0080-\uffff]+/g

/** JSON in ASCII. Clients read the same from it, and its length is its length in bytes. */
export const asciiJson = (value: unknown): string => inAscii(JSON.stringify(value))

/** @param json is changed only where it is not ASCII */
export const inAscii = (json: string): string => json.replaceAll(BEYOND_ASCII, escapeAll)

function escapeAll(text: string): string {
  let escaped = ''
  for (let at = 0; at < text.length; at += 1)
    escaped += `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
  return escaped
}
