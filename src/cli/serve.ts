/**
 * `hammerwork serve`.
 *
 * @module
 */
import type { JobQueue } from "../queue/queue.ts";
import type { Command } from "./command.ts";
import { asUsage, FailedError, UsageError } from "./errors.ts";
import { listen, type Listening, type WebHandler } from "./http_server.ts";
import type { Io } from "./io.ts";
import { withQueue } from "./open_queue.ts";
import { printError, printJson } from "./print.ts";

/** Serves the queue over HTTP. */
export const serve: Command = {
  name: "serve",
  summary: "Serves the queue over HTTP until Ctrl-C.",
  options: {
    port: { value: "PORT", help: "else 8080; 0 takes any that is free" },
    host: { value: "HOST", help: "the address to listen at; else 127.0.0.1" },
    page: { help: "show the page at /page; a browser's password is the token" },
    token: { value: "TOKEN", help: "callers must send it; else HAMMERWORK_TOKEN" },
  },
  notes: "Needs the packages hono and @hono/node-server. Callers send authorization:\n" +
    "Bearer TOKEN; others see a command line, so HAMMERWORK_TOKEN is the better place\n" +
    "for it. Without a token it listens at this machine's own addresses only. --json\n" +
    "prints { url }. What there is to call is described at /openapi.json.",
  examples: ["serve --url jobs.db --page", "serve --host 0.0.0.0 --port 80"],
  run: async (given, io) => {
    const port = given.integer("port", 0, 65_535) ?? 8080;
    const host = given.text("host") ?? "127.0.0.1";
    const showsPage = given.has("page");
    const path = showsPage ? "/page" : "";
    const token = given.text("token") ?? (io.env.HAMMERWORK_TOKEN || undefined);
    if (token === undefined && !isLoopback(host)) {
      throw new UsageError(`To listen at ${host}, a token is needed: set HAMMERWORK_TOKEN`);
    }
    // From here on a signal is kept, whatever is waited for when it comes.
    const stop = io.interrupted();
    await withQueue(given, io, async (queue) => {
      const handler = await handlerFor(queue, token, showsPage, io);
      const server = await listenAt(handler, port, host);
      try {
        if (given.has("json")) await printJson(io.stdout, { url: server.url });
        else await io.stdout.write(`Listening at ${server.url}${path}; Ctrl-C ends it\n`);
        await abortOf(stop);
      } finally {
        await server.close();
      }
    });
  },
};

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function handlerFor(
  queue: JobQueue,
  token: string | undefined,
  showsPage: boolean,
  io: Io,
): Promise<WebHandler> {
  const { bearerToken, jobRouter, page } = await importRouter();
  const onError = (error: unknown) => void printError(io.stderr, error).catch(() => {});
  const common = { page: showsPage ? page() : undefined, onError };
  if (token !== undefined) {
    const authorize = asUsage("The token", () => bearerToken(token));
    const app = jobRouter(queue, { authorize, ...common });
    return (request) => app.fetch(request);
  }
  const app = jobRouter(queue, { publicAccess: "write", ...common });
  return (request) => isForUs(request) ? app.fetch(request) : refusal();
}

// Loaded here, so that all other commands do without Hono.
async function importRouter(): Promise<typeof import("../http.ts") & typeof import("../page.ts")> {
  try {
    return { ...await import("../http.ts"), ...await import("../page.ts") };
  } catch (cause) {
    throw new FailedError("hammerwork serve needs the package hono: npm install hono", { cause });
  }
}

async function listenAt(handler: WebHandler, port: number, host: string): Promise<Listening> {
  try {
    return await listen(handler, port, host);
  } catch (error) {
    if (error instanceof FailedError) throw error;
    throw new FailedError(`${host}:${port} cannot be listened at: ${(error as Error).message}`);
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** A page whose name was made to lead to this machine would be taken for one of ours otherwise. */
function isForUs(request: Request): boolean {
  return isLoopback(new URL(request.url).hostname);
}

function refusal(): Response {
  const message = "Without a token, requests must be to localhost: got another host";
  return Response.json({ error: { code: "forbidden", message } }, { status: 403 });
}
