/** A job that goes on for as long as a test wants it to. */

import type { JobOptions, JobQueue } from "../../../mod.ts";

/** A job under way. */
export interface RunningJob extends AsyncDisposable {
  readonly id: string;
  readonly traceId: string;
  /** Lets it complete, or fail with this error; later calls change nothing. */
  readonly end: (error?: Error) => Promise<void>;
}

/** Starts it. Until its end this process goes on too. */
export async function startJob(queue: JobQueue, options: JobOptions = {}): Promise<RunningJob> {
  const { id, traceId } = await queue.enqueue("running_queue", {}, options);
  let settle: (error?: Error) => void;
  let ticked: Promise<unknown>;
  await new Promise<void>((started) => {
    const worker = queue.worker("running_queue", () => {
      started();
      return new Promise<void>((resolve, reject) => {
        settle = (error) => error === undefined ? resolve() : reject(error);
      });
    });
    ticked = worker.tick();
  });
  const end = async (error?: Error): Promise<void> => {
    settle(error);
    await ticked;
  };
  return { id, traceId, end, [Symbol.asyncDispose]: end };
}
