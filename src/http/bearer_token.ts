/**
 * Access by a secret that the caller sends along.
 *
 * @module
 */
import { InputTypeError } from "../job/input_error.ts";
import type { Authorize, Right } from "./router_options.ts";

/** One secret, or several of which any will do, such as the old one and the new one. */
export type Tokens = string | readonly string[];

/**
 * Lets in who sends a token as `authorization: Bearer …`, or gives it as the password when a browser
 * asks for one to show the page; the name does not matter. Tokens are compared by their hashes and in
 * constant time, so that the time of an answer tells nothing of them.
 *
 * @param tokens For reading and writing, or `{ read, write }`: those for writing can read too.
 * @throws {TypeError} when there is no token, or an empty one.
 *
 * ```ts
 * import { bearerToken } from "hammerwork/http";
 * import assert from "node:assert/strict";
 *
 * const authorize = bearerToken({ read: "a-secret", write: "another-secret" });
 * const headers = { authorization: "Bearer a-secret" };
 * const request = new Request("http://localhost/jobs", { headers });
 * assert.equal(await authorize(request, "read"), true);
 * assert.equal(await authorize(request, "write"), false);
 * ```
 */
export function bearerToken(
  tokens: Tokens | { readonly read?: Tokens | undefined; readonly write?: Tokens | undefined },
): Authorize {
  const { read, write } = tokensByRight(tokens);
  // Workers may not compute anything before the first request, so the hashes wait for it.
  let digests: Promise<Record<Right, readonly Uint8Array[]>> | undefined;
  return async (request, right) => {
    const token = sentToken(request.headers.get("authorization") ?? "");
    if (token === undefined) return false;
    digests ??= hashAll(read, write);
    return isAmong(await hash(token), (await digests)[right]);
  };
}

const BEARER = /^Bearer +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i;

/** A browser that asks for a password sends `name:password`, in Base64. */
function sentToken(authorization: string): string | undefined {
  const [, token] = BEARER.exec(authorization) ?? [];
  const [, credentials] = BASIC.exec(authorization) ?? [];
  if (credentials === undefined) return token;
  try {
    const text = atob(credentials);
    return text.slice(text.indexOf(":") + 1);
  } catch {
    return undefined;
  }
}

function tokensByRight(
  tokens: Tokens | { readonly read?: Tokens | undefined; readonly write?: Tokens | undefined },
): { read: readonly string[]; write: readonly string[] } {
  const isBoth = typeof tokens === "string" || Array.isArray(tokens);
  const { read = [], write = [] } = isBoth
    ? { write: tokens as Tokens }
    : (tokens ?? {}) as { readonly read?: Tokens; readonly write?: Tokens };
  const writing = [write].flat();
  const reading = [...[read].flat(), ...writing];
  if (reading.length === 0 || !reading.every(isToken)) {
    throw new InputTypeError(
      "A bearer token must be a string of visible characters without spaces: got another, or none",
    );
  }
  return { read: reading, write: writing };
}

function isToken(token: unknown): boolean {
  return typeof token === "string" && /^[\x21-\x7e]+$/.test(token);
}

async function hashAll(
  read: readonly string[],
  write: readonly string[],
): Promise<Record<Right, readonly Uint8Array[]>> {
  return { read: await Promise.all(read.map(hash)), write: await Promise.all(write.map(hash)) };
}

async function hash(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

/** Looks at every byte of every digest, whichever fits. */
function isAmong(digest: Uint8Array, digests: readonly Uint8Array[]): boolean {
  let found = 0;
  for (const one of digests) {
    let difference = 0;
    for (let i = 0; i < digest.length; i++) difference |= digest[i]! ^ one[i]!;
    found |= Number(difference === 0);
  }
  return found === 1;
}
