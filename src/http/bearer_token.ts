/**
 * Authorization by bearer tokens.
 *
 * @module
 */
import { checkOptionNames, InputTypeError, type OptionNames, shown } from "../job/checks.ts";
import { checkQueueName } from "../job/ids.ts";
import { type QueueRights, type Right, rights } from "./router_options.ts";

/** One token, or several, such as an old and a new one: each is accepted. */
export type Tokens = string | readonly string[];

/** A token and what its holder may do. */
export interface TokenRight {
  /** The token: visible ASCII characters without spaces. */
  readonly token: string;
  /** `read`, `enqueue`, or `write`, which includes both. */
  readonly right: Right;
  /** The queues that the right is limited to. Default: all queues. */
  readonly queues?: readonly string[] | undefined;
}

/** Tokens by what they permit. */
export interface TokensByRight {
  /** Of callers that may only read. */
  readonly read?: Tokens | undefined;
  /** Of callers that may read, enqueue and write. */
  readonly write?: Tokens | undefined;
}

/** Tokens with a right each. */
export interface TokenRights {
  /** A token can be listed more than once: it then has several rights. */
  readonly tokens: readonly TokenRight[];
}

/**
 * Authorizes requests that have a token: as `authorization: Bearer …`, or as the password of HTTP
 * basic authentication with any user name, which is how a browser sends it to the page. Hashes of
 * tokens are compared, in constant time, so that response times reveal nothing about them.
 *
 * @param tokens Tokens for reading and writing, or `{ read, write }`, or `{ tokens }` with a right and
 * queues for each. An enqueue with a token that has only the right `enqueue` is answered with the job's
 * id and what the request itself contained.
 * @throws {TypeError} when there is no token, a token is empty or has spaces, or a right is unknown.
 *
 * ```ts
 * import { bearerToken } from "hammerwork/http";
 * import assert from "node:assert/strict";
 *
 * const authorize = bearerToken({
 *   tokens: [
 *     { token: "an-operator's", right: "write" },
 *     { token: "a-shop's", right: "enqueue", queues: ["email_queue", "payment_queue"] },
 *   ],
 * });
 * const headers = { authorization: "Bearer a-shop's" };
 * const request = new Request("http://localhost/jobs", { headers });
 * assert.deepEqual(await authorize(request, "enqueue"), { queues: ["email_queue", "payment_queue"] });
 * assert.equal(await authorize(request, "read"), false);
 * ```
 */
export function bearerToken(
  tokens: Tokens | TokensByRight | TokenRights,
): (request: Request, right: Right) => Promise<boolean | QueueRights> {
  const given = checkRights(rightsOf(tokens));
  // workerd forbids hashing outside of a request, so the hashes are made with the first one.
  let digests: Promise<readonly Uint8Array[]> | undefined;
  return async (request, right) => {
    const token = sentToken(request.headers.get("authorization") ?? "");
    if (token === undefined) return false;
    digests ??= Promise.all(given.map((one) => hash(one.token)));
    const isSent = areEqual(await hash(token), await digests);
    return mergeRights(given.filter((one, i) => isSent[i]! && includes(one.right, right)));
  };
}

function includes(given: Right, asked: Right): boolean {
  return given === "write" || given === asked;
}

/** The rights of a token that is listed several times. */
function mergeRights(held: readonly TokenRight[]): boolean | QueueRights {
  if (held.length === 0) return false;
  if (held.some(({ queues }) => queues === undefined)) return true;
  return { queues: [...new Set(held.flatMap(({ queues = [] }) => queues))] };
}

const BEARER = /^Bearer +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i;

/** Basic authentication is `name:password` in Base64. */
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

function rightsOf(tokens: Tokens | TokensByRight | TokenRights): readonly TokenRight[] {
  if (typeof tokens === "string" || Array.isArray(tokens)) return all(tokens, "write");
  const given = (tokens ?? {}) as TokensByRight & Partial<TokenRights>;
  checkOptionNames("A bearer token", given, formNames);
  if (given.tokens !== undefined) {
    if (given.read === undefined && given.write === undefined) return listOf(given.tokens);
    throw new InputTypeError("A bearer token's options are tokens, or read and write: got both");
  }
  return [...all(given.read ?? [], "read"), ...all(given.write ?? [], "write")];
}

const formNames: OptionNames<TokensByRight & TokenRights> = {
  read: true,
  write: true,
  tokens: true,
};

function listOf(tokens: readonly TokenRight[]): readonly TokenRight[] {
  if (!Array.isArray(tokens)) return [];
  for (const one of tokens) {
    checkOptionNames("A token", one, { token: true, right: true, queues: true });
  }
  return tokens;
}

function all(tokens: unknown, right: Right): readonly TokenRight[] {
  return [tokens].flat().map((token) => ({ token: token as string, right }));
}

function checkRights(given: readonly TokenRight[]): readonly TokenRight[] {
  if (given.length === 0 || !given.every((one) => isToken(one?.token))) {
    throw new InputTypeError(
      "A bearer token must be a string of visible characters without spaces: got another, or none",
    );
  }
  for (const { right, queues } of given) {
    if (!rights.includes(right)) {
      throw new InputTypeError(`A token's right must be ${rights.join(", ")}: got ${shown(right)}`);
    }
    if (queues !== undefined && !Array.isArray(queues)) {
      throw new InputTypeError(`A token's queues must be a list of names: got ${shown(queues)}`);
    }
    for (const name of queues ?? []) checkQueueName(name);
  }
  return given;
}

function isToken(token: unknown): boolean {
  return typeof token === "string" && /^[\x21-\x7e]+$/.test(token);
}

async function hash(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

/** Compares every byte of every digest, whether one is equal or not: constant time. */
function areEqual(digest: Uint8Array, digests: readonly Uint8Array[]): readonly boolean[] {
  return digests.map((one) => {
    let difference = 0;
    for (let i = 0; i < digest.length; i++) difference |= digest[i]! ^ one[i]!;
    return difference === 0;
  });
}
