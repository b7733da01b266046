/**
 * Workflows from the call that stores them to the end of their last job, in the process that works.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { Runs } from "../../measured/checked.ts";
import { median } from "../../report/figures.ts";
import type { OpenQueue } from "../contender.ts";
import {
  workflowOf,
  type WorkflowShape,
  type WorkflowShapeName,
  workflowShapes,
} from "../workflow_shapes.ts";
import { untilNoneLeft } from "./expect_none_left.ts";
import { inTime } from "./in_time.ts";

/** Which, and how many of them. */
export interface WorkflowsTask {
  readonly shape: WorkflowShapeName;
  /** How many are stored by some callers, one a call, as fast as they are answered. */
  readonly count: number;
  readonly callers: number;
  /** How many are stored after that, each when the one before has ended. */
  readonly lone: number;
}

/** What it took. */
export interface WorkflowsRun {
  /** Workflows that ended in a second, from the first call to the last end. */
  readonly perSecond: number;
  /** Milliseconds of a lone one, from its call to its end: the median. */
  readonly loneMs: number;
}

/** Runs them. Each job must run once, and after those that it waits for. */
export async function runWorkflows(
  queue: OpenQueue,
  { shape: name, count, callers, lone }: WorkflowsTask,
): Promise<WorkflowsRun> {
  const shape = workflowShapes[name];
  const size = shape.after.length;
  const runs = new Runs((count + lone) * size);
  const under = new Ends(shape, count + lone);
  const stop = await queue.work(({ n }) => {
    runs.count(n);
    under.ended(n);
  });
  // Until it listens and has nothing more to set up.
  await setTimeout(500);
  let next = 0;
  const startedAt = performance.now();
  const call = async () => {
    while (next < count) await queue.enqueueWorkflow(workflowOf(shape, next++ * size));
  };
  await Promise.all(Array.from({ length: callers }, call));
  await inTime(under.first(count), () => `${count} workflows must end: got ${under.count}`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const took: number[] = [];
  // Now that each connection has done all of it: a process runs for longer than it starts.
  for (let i = count; i < count + lone; i++) {
    const calledAt = performance.now();
    const ended = under.endOf(i);
    await queue.enqueueWorkflow(workflowOf(shape, i * size));
    took.push(await inTime(ended, () => "A workflow must end") - calledAt);
  }
  await stop();
  runs.check();
  await untilNoneLeft(queue);
  return { perSecond: count / seconds, loneMs: median(took) };
}

/** What has ended of some workflows. */
class Ends {
  count = 0;
  readonly #shape: WorkflowShape;
  readonly #ended: Uint8Array;
  readonly #left: Uint16Array;
  readonly #waiting = new Map<number, (at: number) => void>();
  #isAwaited: (() => void) | undefined;
  #awaited = Infinity;

  constructor(shape: WorkflowShape, workflows: number) {
    const size = shape.after.length;
    this.#shape = shape;
    this.#ended = new Uint8Array(workflows * size);
    this.#left = new Uint16Array(workflows).fill(size);
  }

  /** When so many have ended. */
  first(count: number): Promise<void> {
    this.#awaited = count;
    return new Promise((resolve) => this.count >= count ? resolve() : this.#isAwaited = resolve);
  }

  /** When one of them ends, by the clock of this process. */
  endOf(workflow: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(workflow, resolve));
  }

  /** A job ends. */
  ended(n: number): void {
    const size = this.#shape.after.length;
    const workflow = Math.floor(n / size);
    const first = workflow * size;
    for (const place of this.#shape.after[n - first]!) {
      if (this.#ended[first + place] !== 1) throw new Error(`Job ${n} began before its time`);
    }
    this.#ended[n] = 1;
    if (--this.#left[workflow]! > 0) return;
    this.#waiting.get(workflow)?.(performance.now());
    if (++this.count === this.#awaited) this.#isAwaited?.();
  }
}
