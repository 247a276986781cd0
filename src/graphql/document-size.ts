import { TokenKind } from 'graphql'
import type { DocumentNode } from 'graphql'

/** Measured: a token with its part of the syntax tree takes 250 to 510 bytes; a comment has no such part and takes 90. */
const TOKEN_BYTES = 550
const COMMENT_BYTES = 100
const CHARACTER_BYTES = 2
const DOCUMENT_BYTES = 2000
/** Per step of a compiled operation. A document's operations have at most one step per token. */
const STEP_BYTES = 700

/** Estimated memory of a parsed document. */
export function documentBytes(document: DocumentNode): number {
  const { tokens, comments } = tokensOf(document)
  const characters = document.loc?.end ?? 0
  return DOCUMENT_BYTES + characters * CHARACTER_BYTES + tokens * TOKEN_BYTES + comments * COMMENT_BYTES
}

/** Estimated memory of a parsed document with all its operations compiled. */
export const compiledDocumentBytes = (document: DocumentNode): number =>
  documentBytes(document) + tokensOf(document).tokens * STEP_BYTES

/** Counts a document's tokens and comments. Spaces and commas count only as characters. */
export function tokensOf({ loc }: DocumentNode): { tokens: number; comments: number } {
  let [tokens, comments] = [0, 0]
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) {
    if (token.kind === TokenKind.COMMENT) comments += 1
    else tokens += 1
  }
  return { tokens, comments }
}
