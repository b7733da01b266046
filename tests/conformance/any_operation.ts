import fc from "fast-check";
import type { DependencyFailurePolicy } from "../../src/job/record.ts";

/** Something that a caller or a worker does. A number picks one of those that there are then. */
export type AnyOperation =
  | {
    readonly do: "add";
    readonly queue: number;
    readonly priority: number;
    readonly delayMs: number;
    readonly maxAttempts: number;
    readonly key: number | undefined;
    /** One of a few traces; without it a trace of its own. */
    readonly trace: number | undefined;
    readonly dependsOn: readonly number[];
    readonly onDependencyFailure: DependencyFailurePolicy;
  }
  | { readonly do: "claim"; readonly queue: number; readonly limit: number }
  | { readonly do: "settle"; readonly lease: number; readonly as: Ending }
  | { readonly do: "extend"; readonly lease: number }
  | { readonly do: "cancel"; readonly job: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "sweep"; readonly limit: number };

/** How an attempt ends. An error of the last attempt always fails the job. */
export type Ending = "completed" | "error" | "handedBack" | "neverStarted";

const pick = fc.nat({ max: 1_000 });
const queue = fc.nat({ max: 1 });
const limit = fc.integer({ min: 1, max: 3 });

const add = fc.record({
  do: fc.constant("add" as const),
  queue,
  priority: fc.nat({ max: 2 }),
  delayMs: fc.constantFrom(0, 0, 50),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  key: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 3 }),
  trace: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 3 }),
  dependsOn: fc.array(pick, { maxLength: 3 }),
  onDependencyFailure: fc.constantFrom("cancel" as const, "run" as const),
});
const claim = fc.record({ do: fc.constant("claim" as const), queue, limit });
const ending = fc.constantFrom<Ending>("completed", "error", "handedBack", "neverStarted");
const settle = fc.record({ do: fc.constant("settle" as const), lease: pick, as: ending });

/** Any operation; those that make and end jobs come more often. */
export const anyOperation: fc.Arbitrary<AnyOperation> = fc.oneof(
  { weight: 5, arbitrary: add },
  { weight: 5, arbitrary: claim },
  { weight: 5, arbitrary: settle },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("extend" as const), lease: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), job: pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat({ max: 150 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const), limit }) },
);
