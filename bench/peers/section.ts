/**
 * A part of the benchmark: what it is given, and what it reports.
 *
 * @module
 */
import type { Contender } from "./contender.ts";
import type { Servers } from "./servers/every_server.ts";
import type { Target } from "../report/target.ts";

/** A part that can be run by itself. */
export interface Section {
  /** What it is called on the command line. */
  readonly name: string;
  readonly run: (bench: Bench) => Promise<SectionReport>;
}

/** What a section works with. */
export interface Bench {
  readonly servers: Servers;
  readonly rounds: number;
  /** A checkout of another state of this repository, to be measured beside it. */
  readonly before: string | undefined;
  /** How long, and how fast, where a section is told. */
  readonly pace: Pace;
  /** Of so many jobs, those of a smoke run. */
  readonly scaled: (jobs: number) => number;
}

/** Of the sections that take long. */
export interface Pace {
  readonly seconds: number;
  /** How long is looked at what comes after. */
  readonly afterSeconds: number;
  readonly perSecond: number;
  /** A part of the names of the contenders that take part. */
  readonly only: string;
}

/** What a section has found. */
export interface SectionReport {
  readonly title: string;
  /** How it was measured, in sentences. */
  readonly method: string;
  /** Whose settings are to be told. */
  readonly contenders: readonly Contender[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

/** A table; its first column has names. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
