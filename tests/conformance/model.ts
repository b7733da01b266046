/** A model of a store: operations in words, and what must be true after each of them. */
import assert from "node:assert/strict";
import type { Change, DependencyFailurePolicy, LeaseState } from "../../src/store.ts";
import type { Fixture } from "./fixture.ts";
import {
  completed,
  failed,
  type Holder,
  leaseOf,
  neverStarted,
  reason,
  released,
  retrying,
  snoozed,
} from "./inputs.ts";
import { TraceEndModel } from "./trace_end_model.ts";

/** Something that a caller or a worker does. A number picks one of those that there are then. */
export type Operation =
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
export type Ending = "completed" | "error" | "snoozed" | "released" | "neverStarted";

const queues = ["mails", "sms"] as const;
const traces = ["1", "2", "3"].map((digit) => digit.repeat(32));

/** What a test knows of a store whose every operation it has done itself. */
export class StoreModel {
  /** Every job that must be there. */
  readonly ids: string[] = [];
  /** For each running job the token of its only valid lease. */
  readonly running: Map<string, string> = new Map();
  /** Which ends of traces there must have been. */
  readonly traces: TraceEndModel | undefined;
  readonly #leases: Holder[] = [];
  readonly #fixture: Fixture;

  constructor(fixture: Fixture, hasTraceEnds: boolean) {
    this.#fixture = fixture;
    this.traces = hasTraceEnds ? new TraceEndModel() : undefined;
  }

  /** Does it, and checks the answers about leases. */
  async do(operation: Operation): Promise<void> {
    const { clock, store, sweep } = this.#fixture;
    switch (operation.do) {
      case "add":
        return await this.#add(operation);
      case "claim":
        return await this.#claim(operation);
      case "settle":
        return await this.#settle(picked(this.#leases, operation.lease), operation.as);
      case "extend":
        return await this.#extend(picked(this.#leases, operation.lease));
      case "cancel": {
        const id = picked(this.ids, operation.job);
        if (id === undefined) return;
        await store.cancel(id, { error: reason });
        this.running.delete(id);
        return;
      }
      case "pass":
        return clock.pass(operation.ms);
      case "sweep":
        for (const { id } of await sweep(operation.limit)) this.running.delete(id);
    }
  }

  /** Runs all that is left to its end. */
  async drain(): Promise<void> {
    for (let round = 0; round < 10 * this.ids.length + 10; round++) {
      this.#fixture.clock.pass(1_000);
      for (const { id } of await this.#fixture.sweep()) this.running.delete(id);
      for (const queueName of queues) {
        for (const job of await this.#fixture.claim({ queueName, leaseMs: 100 })) {
          assert.equal(await this.#fixture.settle(job, completed), "held");
        }
      }
      const open = (await this.#fixture.store.counts())
        .filter(({ status }) => !["completed", "failed", "cancelled"].includes(status));
      if (open.length === 0) return;
    }
    assert.fail("Every job must come to its end when workers go on");
  }

  async #add(operation: Operation & { readonly do: "add" }): Promise<void> {
    const { do: _, queue, key, trace, dependsOn, ...fields } = operation;
    const [added] = await this.#fixture.addAll([{
      ...fields,
      queueName: queues[queue]!,
      ...(trace !== undefined && { traceId: traces[trace]! }),
      idempotencyKey: key === undefined ? undefined : `key ${key}`,
      dependsOn: this.ids.length === 0
        ? []
        : [...new Set(dependsOn.map((number) => picked(this.ids, number)!))],
    }]);
    assert.equal(added!.deduplicated, this.ids.includes(added!.job.id));
    if (!added!.deduplicated) this.ids.push(added!.job.id);
  }

  async #claim({ queue, limit }: Operation & { readonly do: "claim" }): Promise<void> {
    const queueName = queues[queue]!;
    for (const job of await this.#fixture.claim({ queueName, limit, leaseMs: 100 })) {
      assert.ok(!this.running.has(job.id), "A running job must not be claimed");
      assert.equal(job.queueName, queueName);
      this.running.set(job.id, job.leaseToken);
      this.#leases.push(job);
    }
  }

  async #settle(lease: Holder | undefined, ending: Ending): Promise<void> {
    if (lease === undefined) return;
    const expected = await this.#stateOf(lease);
    const change = await this.#changeOf(lease, ending);
    assert.equal(await this.#fixture.settle(lease, change), expected);
    if (expected === "held") this.running.delete(lease.id);
  }

  async #extend(lease: Holder | undefined): Promise<void> {
    if (lease === undefined) return;
    const expected = await this.#stateOf(lease);
    assert.deepEqual(await this.#fixture.store.extend([leaseOf(lease)], { leaseMs: 100 }), [
      expected,
    ]);
  }

  async #stateOf({ id, leaseToken }: Holder): Promise<LeaseState> {
    if (this.running.get(id) === leaseToken) return "held";
    return await this.#fixture.statusOf(id) === "cancelled" ? "cancelled" : "lost";
  }

  async #changeOf({ id }: Holder, ending: Ending): Promise<Change> {
    if (ending === "snoozed") return { ...snoozed, delayMs: 50 };
    if (ending !== "error") return { completed, released, neverStarted }[ending];
    const { attempts, maxAttempts } = await this.#fixture.get(id);
    return attempts < maxAttempts ? { ...retrying, delayMs: 50 } : failed;
  }
}

function picked<T>(all: readonly T[], number: number): T | undefined {
  return all[number % all.length];
}
