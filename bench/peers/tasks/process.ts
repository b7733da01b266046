/**
 * The process that is measured: it opens one contender, whose code alone it loads, does one task,
 * sends what it measured and ends.
 *
 * @module
 */
import { once } from "node:events";
import process from "node:process";
import type { Contender, OpenOptions, OpenQueue, Tracing } from "../contender.ts";
import { type TaskName, tasks } from "./every_task.ts";
import type { Surroundings } from "./surroundings.ts";

/** Its options. */
export interface Request {
  readonly module: string;
  readonly contender: string;
  readonly open: OpenOptions;
  readonly tracing: Tracing | undefined;
  readonly task: TaskName;
  readonly options: unknown;
}

/** What it says. */
export type Message = { readonly isReady: true } | { readonly answer: unknown };

type Task = (
  queue: OpenQueue,
  options: unknown,
  surroundings: Surroundings,
) => Promise<unknown>;

const [request] = await once(process, "message") as [Request];
const exported: Record<string, Contender> = await import(request.module);
const contender = Object.values(exported).find(({ name }) => name === request.contender)!;

const tracing = request.tracing &&
  await contender.startTracing!(request.tracing);
const queue = await contender.open(request.open);
const answer = await (tasks[request.task] as Task)(queue, request.options, {
  ready: () => void process.send!({ isReady: true } satisfies Message),
  told: async () => void await once(process, "message"),
  flush: tracing?.flush ?? (() => Promise.resolve()),
});
await queue.close();
process.send!({ answer } satisfies Message, () => process.exit());
