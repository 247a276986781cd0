/** A text message in the WebSocket protocol (RFC 6455, section 5.2), as a server sends it: unmasked, in one frame. */
const FINAL_TEXT = 0x81

/** Results of one group are about as long as each other, and every one of them needs a head. */
const MAX_KEPT_LENGTH = 8192
const heads: string[] = []

/**
 * @param text in ASCII
 * @returns the frame, each character a byte
 */
export function textFrame(text: string): string {
  const { length } = text
  if (length >= MAX_KEPT_LENGTH) return headOf(length) + text
  return (heads[length] ??= headOf(length)) + text
}

function headOf(length: number): string {
  if (length < 126) return String.fromCharCode(FINAL_TEXT, length)
  if (length < 65_536) return String.fromCharCode(FINAL_TEXT, 126, length >> 8, length & 255)
  const bytes = [24, 16, 8, 0].map((shift) => (length >> shift) & 255)
  return String.fromCharCode(FINAL_TEXT, 127, 0, 0, 0, 0, ...bytes)
}
