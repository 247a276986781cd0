/** A text message in the WebSocket protocol (RFC 6455, section 5.2), as a server sends it: unmasked, in one frame. */
const FINAL_TEXT = '\u0081'

/**
 * @param text in ASCII
 * @returns the frame, each character a byte
 */
export function textFrame(text: string): string {
  const { length } = text
  if (length < 126) return FINAL_TEXT + bytes(length) + text
  if (length < 65_536) return FINAL_TEXT + bytes(126, length >> 8, length & 255) + text
  return FINAL_TEXT + bytes(127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >> shift) & 255)) + text
}

const bytes = (...values: number[]): string => String.fromCharCode(...values)
