/**
 * A collector that takes everything and keeps nothing, in a process of its own, so that its work is
 * not counted as ours.
 *
 * @module
 */
import { fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A running sink. */
export interface Sink {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a sink. */
export async function startSink(): Promise<Sink> {
  const child = fork(fileURLToPath(import.meta.url), ["--serve"]);
  const port = await new Promise((resolve) => child.once("message", resolve));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    },
  };
}

function serve(): void {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.end("{}"));
  });
  // Whoever asked for it may have died: its output would stay open, and keep others waiting.
  process.once("disconnect", () => process.exit());
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

if (process.argv[2] === "--serve") serve();
