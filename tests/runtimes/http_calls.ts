/** Calls of a router as its callers make them, and a look at what every answer must be. */

import type { Hono } from "hono";
import assert from "node:assert/strict";
import type { JobQueue } from "../../mod.ts";
import { jobRouter, type JobRouterOptions } from "../../src/http.ts";

/** What `app.request` is part of. */
export interface App {
  request(path: string, init?: RequestInit): Response | Promise<Response>;
}

/** An answer, its body read. */
export interface Read {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** A router that lets everybody in. */
export const open = (
  queue: JobQueue,
  options: JobRouterOptions = {},
): Hono => jobRouter(queue, { publicAccess: "write", ...options });

type Headed = Readonly<Record<string, string>>;

export const get = (app: App, path: string, headers: Headed = {}): Promise<Read> =>
  call(app, path, { headers });

/** Posts a value as JSON, or with `undefined` nothing at all. */
export const post = (app: App, path: string, body: unknown, headers: Headed = {}): Promise<Read> =>
  postText(app, path, body === undefined ? undefined : JSON.stringify(body), headers);

/** Posts a body as it is. */
export const postText = (
  app: App,
  path: string,
  body: BodyInit | undefined,
  headers: Headed = {},
): Promise<Read> =>
  call(app, path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...body !== undefined && { body },
  });

/** Any request. Whatever it is, the answer is JSON that no browser takes for anything else. */
export async function call(app: App, path: string, init: RequestInit): Promise<Read> {
  const response = await app.request(path, init);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const text = await response.text();
  const body = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

/** The code and the path of an error, which must be of the one shape. */
export function errorOf({ status, body }: Read, expected: number): [string, string | undefined] {
  assert.equal(status, expected, JSON.stringify(body)?.slice(0, 500));
  assert.deepEqual(Object.keys(body), ["error"]);
  const { code, message, path, status: stands, ...rest } = body.error;
  assert.deepEqual(rest, {});
  assert.ok(["undefined", "string"].includes(typeof stands));
  assert.match(message, /^.{10,1001}$/s);
  return [code, path];
}
