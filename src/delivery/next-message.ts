/**
 * `next` messages of the graphql-transport-ws protocol, as WebSocket frames. The operation's id comes last: everything before it is the
 * same for all operations with ids of the same length, and is built once for all of them.
 */
import { MessageType } from 'graphql-ws'
import { asciiJson } from './frame.ts'
import type { Frame } from './frame.ts'
import { textFrameHead } from './text-frame.ts'

/** The end of an operation's messages. */
export const nextMessageTail = (id: string): string => `,"id":${asciiJson(id)}}`

/** The beginning built last, because the members of a group get the same result one after another. */
let latest: { frame: Frame; tailLength: number; beginning: string } | null = null

/** @returns the frame, each character a byte */
export function nextMessage(frame: Frame, tail: string): string {
  if (latest?.frame !== frame || latest.tailLength !== tail.length) {
    latest = { frame, tailLength: tail.length, beginning: beginningOf(frame, tail.length) }
  }
  return latest.beginning + tail
}

function beginningOf({ payload }: Frame, tailLength: number): string {
  const message = `{"type":"${MessageType.Next}","payload":${payload}`
  // `join` yields a flat string. `+` yields a rope, which V8 flattens again on every write.
  return [textFrameHead(message.length + tailLength), message].join('')
}
