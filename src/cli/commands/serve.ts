/**
 * `hammerwork serve`: the router of `hammerwork/http` on the server of `@hono/node-server`.
 *
 * @module
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { asUsage, FailedError, UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printError, printJson } from "../print.ts";

/** Serves the queue over HTTP. */
export const serve: Command = {
  name: "serve",
  summary: "Serves the queue over HTTP until Ctrl-C.",
  options: {
    port: { value: "PORT", help: "default: 8080; 0 takes a free port" },
    host: { value: "HOST", help: "address to listen at; default: 127.0.0.1" },
    page: { help: "serve the page at /page; a browser's password is the token" },
    token: { value: "TOKEN", help: "callers must send it; default: HAMMERWORK_TOKEN" },
  },
  notes: "Needs the packages hono and @hono/node-server. Callers send the header\n" +
    "authorization: Bearer TOKEN. Other users of the machine can see a command line,\n" +
    "so prefer HAMMERWORK_TOKEN to --token. Without a token it listens at loopback\n" +
    "addresses only. --json prints { url }. GET /openapi.json describes the API.",
  examples: ["serve --url jobs.db --page", "serve --host 0.0.0.0 --port 80"],
  run: async (args, io) => {
    const port = args.integer("port", 0, 65_535) ?? 8080;
    const host = args.text("host") ?? "127.0.0.1";
    const showsPage = args.has("page");
    const path = showsPage ? "/page" : "";
    const token = args.text("token") ?? (io.env.HAMMERWORK_TOKEN || undefined);
    if (token === undefined && !isLoopback(host)) {
      throw new UsageError(`To listen at ${host}, a token is needed: set HAMMERWORK_TOKEN`);
    }
    // A signal that comes while the store opens must not be lost.
    const stop = io.interrupted();
    await withQueue(args, io, async (queue) => {
      const handler = await handlerFor(queue, token, showsPage, io);
      const server = await listen(handler, port, host);
      try {
        const url = urlOf(server, host);
        if (args.has("json")) await printJson(io.stdout, { url });
        else await io.stdout.write(`Listening at ${url}${path}. Press Ctrl-C to stop.\n`);
        await abortOf(stop);
      } finally {
        await close(server);
      }
    });
  },
};

type RequestHandler = (request: Request) => Response | Promise<Response>;

async function handlerFor(
  queue: JobQueue,
  token: string | undefined,
  showsPage: boolean,
  io: Io,
): Promise<RequestHandler> {
  const load = () => Promise.all([import("../../http.ts"), import("../../page.ts")]);
  const [{ bearerToken, jobRouter }, { page }] = await importPackage("hono", load);
  const onError = (error: unknown) => void printError(io.stderr, error).catch(() => {});
  const common = { page: showsPage ? page() : undefined, onError };
  if (token !== undefined) {
    const authorize = asUsage("The token", () => bearerToken(token));
    const app = jobRouter(queue, { authorize, ...common });
    return (request) => app.fetch(request);
  }
  const app = jobRouter(queue, { publicAccess: "write", ...common });
  return (request) => isForLoopback(request) ? app.fetch(request) : hostRefusal();
}

/** Imports what only this command needs, so that the others run without the package. */
async function importPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new FailedError(`hammerwork serve needs the package ${name}: npm install ${name}`, {
      cause,
    });
  }
}

async function listen(handler: RequestHandler, port: number, host: string): Promise<Server> {
  const load = () => import("@hono/node-server");
  const { createAdaptorServer } = await importPackage("@hono/node-server", load);
  const options = { fetch: handler, hostname: host, overrideGlobalObjects: false };
  const server = createAdaptorServer(options) as Server;
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  await listening.catch((error: Error) => {
    throw new FailedError(`Cannot listen at ${host}:${port}: ${error.message}`);
  });
  return server;
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const CLOSE_WITHIN_MS = 5_000;

/** Accepts no more requests, and waits a while for those that run. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Without a token, a website could point its own name at this machine and call the API from there. */
function isForLoopback(request: Request): boolean {
  return isLoopback(new URL(request.url).hostname);
}

function hostRefusal(): Response {
  const message = "Without a token, requests must be to localhost: got another host";
  return Response.json({ error: { code: "forbidden", message } }, { status: 403 });
}
