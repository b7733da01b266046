/**
 * The options of `job enqueue`, as the library takes them.
 *
 * @module
 */
import { checkOptions, type JobOptions } from "../../job/job_options.ts";
import type { DependencyFailurePolicy } from "../../job/record.ts";
import { longestDelayMs } from "../../job/backoff.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Options } from "../command.ts";
import { asUsage, UsageError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Given } from "../given.ts";
import type { Io } from "../io.ts";
import type { Look } from "../text/look.ts";

/** How a job is to be run and where it belongs. */
export const jobOptions: Options = {
  "trace-id": { value: "ID", help: "the trace it belongs to; else a new one" },
  "correlation-id": { value: "ID", help: "the business process it belongs to" },
  traceparent: { value: "TEXT", help: "a caller's; else of the variable TRACEPARENT" },
  parent: { value: "ID", help: "the job that it is a part of" },
  "depends-on": {
    value: "ID",
    multiple: true,
    help: "must end before; several by comma",
  },
  "on-dependency-failure": { value: "WHAT", help: "cancel (default) or run" },
  priority: { value: "N", help: "higher runs first; else 0" },
  delay: { value: "TIME", help: "not before 30s, 15m, 2h from now" },
  "max-attempts": { value: "N", help: "1 to 1000; else 3" },
  timeout: { value: "TIME", help: "the limit of one attempt" },
  "idempotency-key": { value: "KEY", help: "with it again, it is the first one" },
};

/** Reads the options; jobs may be named by the end of their id. */
export async function readJobOptions(
  given: Given,
  env: Io["env"],
  queue: JobQueue,
  look: Look,
): Promise<JobOptions> {
  const { parent, dependsOn, ...rest } = plainOptions(given, env);
  const idOf = (text: string) => findJobId(queue, text, look);
  return definedOnly({
    ...rest,
    parent: parent === undefined ? undefined : await idOf(parent),
    dependsOn: dependsOn && await Promise.all(dependsOn.map(idOf)),
  });
}

/** The options as they are typed: jobs may be ends of ids. */
interface PlainOptions extends JobOptions {
  readonly parent: string | undefined;
  readonly dependsOn: readonly string[] | undefined;
}

/**
 * What can be read without a store.
 *
 * @throws {UsageError} for a value of another form or range.
 */
export function plainOptions(given: Given, env: Io["env"]): PlainOptions {
  const options = {
    traceId: given.text("trace-id"),
    correlationId: given.text("correlation-id"),
    traceparent: given.text("traceparent") ?? (given.has("trace-id") ? undefined : env.TRACEPARENT),
    onDependencyFailure: given.text("on-dependency-failure") as DependencyFailurePolicy | undefined,
    priority: given.integer("priority", -32_768, 32_767),
    delayMs: given.duration("delay"),
    maxAttempts: given.integer("max-attempts", 1, 1_000),
    timeoutMs: given.duration("timeout"),
    idempotencyKey: given.text("idempotency-key"),
  };
  if ((options.delayMs ?? 0) > longestDelayMs) throw new UsageError("--delay is too long");
  asUsage("An option cannot be taken", () => checkOptions(definedOnly(options)));
  return { ...options, parent: given.text("parent"), dependsOn: given.list("depends-on") };
}

function definedOnly<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
