/**
 * A section of the benchmarks: some measurements that belong together, in rounds.
 *
 * @module
 */
import type { Block } from "../report/results.ts";
import type { StoreKind } from "../setting/places.ts";
import type { BenchRuntime } from "../setting/runtimes.ts";
import type { BenchServer } from "../setting/server.ts";

/** What a run has to offer its sections. */
export interface Bench {
  readonly rounds: number;
  /** Divides how much is measured: 1 for the whole. */
  readonly shrink: number;
  readonly server: BenchServer;
  /** The stores that are asked for. */
  readonly stores: readonly StoreKind[];
  /** Where nothing is said of runtimes. */
  readonly node: BenchRuntime;
  /** The runtimes that are asked for. */
  readonly runtimes: readonly BenchRuntime[];
  /** Says what is being measured. */
  readonly tell: (what: string) => void;
}

/** Measures, and draws its tables. */
export type Section = (bench: Bench) => Promise<readonly Block[]>;

/** Does something with each, in another order each round, so that nobody is always the first. */
export async function inTurn<T>(
  { rounds, tell }: Bench,
  all: readonly T[],
  nameOf: (one: T) => string,
  work: (one: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const from = (round >> 1) % all.length;
    const turned = [...all.slice(from), ...all.slice(0, from)];
    for (const one of round % 2 === 0 ? turned : turned.reverse()) {
      tell(`round ${round + 1} of ${rounds}: ${nameOf(one)}`);
      await work(one);
    }
  }
}
