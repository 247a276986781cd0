/** A text message in the WebSocket protocol (RFC 6455, section 5.2), as a server sends it: unmasked, in one frame. */
const FINAL_TEXT = 0x81

/**
 * @param length of the text that follows, in bytes
 * @returns the frame's header, one byte per character
 */
export function textFrameHead(length: number): string {
  if (length < 126) return String.fromCharCode(FINAL_TEXT, length)
  if (length < 65_536) return String.fromCharCode(FINAL_TEXT, 126, length >> 8, length & 255)
  const bytes = [24, 16, 8, 0].map((shift) => (length >> shift) & 255)
  return String.fromCharCode(FINAL_TEXT, 127, 0, 0, 0, 0, ...bytes)
}
