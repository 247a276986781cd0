/**
 * The graphql-transport-ws protocol's `next` messages, as WebSocket frames. The operation's id comes last: all that is before it
 * is the same for every operation whose id is as long, and is made once for all of them.
 */
import { MessageType } from 'graphql-ws'
import { asciiJson } from './frame.ts'
import type { Frame } from './frame.ts'
import { textFrameHead } from './text-frame.ts'

/** How the messages of an operation end. */
export const nextMessageTail = (id: string): string => `,"id":${asciiJson(id)}}`

/** The beginning that was made last. Members of a group are sent the same result one after another. */
let made: { frame: Frame; tailLength: number; beginning: string } | null = null

/** @returns the frame, each character a byte */
export function nextMessage(frame: Frame, tail: string): string {
  if (made?.frame !== frame || made.tailLength !== tail.length) {
    made = { frame, tailLength: tail.length, beginning: beginningOf(frame, tail.length) }
  }
  return made.beginning + tail
}

function beginningOf({ payload }: Frame, tailLength: number): string {
  const message = `{"type":"${MessageType.Next}","payload":${payload}`
  // Joined, it is one piece of memory, which a sum of strings becomes only as it is written, each time anew.
  return [textFrameHead(message.length + tailLength), message].join('')
}
