import { newJobId, newTraceId } from "../../src/job/ids.ts";
import type { JobInput } from "../../src/job/record.ts";

/** The queue of every test job that names none. */
export const defaultQueue = "orders";

/** A job as a store takes it, of which a test says only what it is about. */
export function jobInput(fields: Partial<JobInput> = {}): JobInput {
  return {
    id: newJobId(),
    queueName: defaultQueue,
    payload: "{}",
    priority: 0,
    maxAttempts: 3,
    dependsOn: [],
    onDependencyFailure: "cancel",
    traceId: newTraceId(),
    ...fields,
  };
}
