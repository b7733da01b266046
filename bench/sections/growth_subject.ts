/**
 * The stores whose past is measured, and how much of a past they get.
 *
 * @module
 */
import type { Growing } from "../setting/growing.ts";
import { growingPostgres } from "../setting/growing_postgres.ts";
import { growingSqlite } from "../setting/growing_sqlite.ts";
import type { StoreKind } from "../setting/places.ts";
import type { Bench } from "./section.ts";

const full = { jobs: 50_000, completed: 1_000_000, scheduled: 100_000, claims: 1_000 } as const;

/** How many jobs are drained, how many there are beside them, and how often a claim is repeated. */
export type GrowthSizes = Readonly<Record<keyof typeof full, number>>;

/** A store with what grows and disturbs it. */
export interface Subject {
  readonly kind: StoreKind;
  readonly growing: Growing;
  readonly sizes: GrowthSizes;
}

/** The stores that keep what they are given. */
export function subjectsOf({ stores, shrink }: Bench): readonly Subject[] {
  const sizes: GrowthSizes = {
    jobs: full.jobs / shrink,
    completed: full.completed / shrink,
    scheduled: full.scheduled / shrink,
    claims: full.claims / shrink,
  };
  return stores.flatMap((kind) => {
    const growing = { Postgres: growingPostgres, SQLite: growingSqlite }[kind.name];
    return growing === undefined ? [] : [{ kind, growing, sizes }];
  });
}
