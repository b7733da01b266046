/**
 * The ways to trace that are compared.
 *
 * @module
 */

/** Each variant, with the baseline first. */
export const variants = [
  "without",
  "scope",
  "noSdk",
  "sampledOut",
  "tenth",
  "sampled",
] as const;

/**
 * How jobs are traced. `without` is a build in which the tracing modules do nothing: ids are made and
 * stored, but there is no span, no context and no job scope. `scope` adds the job's own scope, which
 * is there without any tracing too: what a handler enqueues finds its parent and its business process
 * through it. The others are the library as it ships: with nothing registered, and with `initTracing`
 * at a sampling ratio of 0, 0.1 and 1, exporting to a collector in another process.
 */
export type Variant = typeof variants[number];

/** What is compared with. */
export const baseline: Variant = "without";

/** The variants as a reader of a table knows them. */
export const variantNames: Readonly<Record<Variant, string>> = {
  without: "a build without tracing",
  scope: "without, but the scope",
  noSdk: "no SDK",
  sampledOut: "sampled out",
  tenth: "ratio 0.1, exported",
  sampled: "sampled and exported",
};

/** The ratio of new traces that are recorded; `undefined` where nothing is registered. */
export const samplingRatios: Readonly<Record<Variant, number | undefined>> = {
  without: undefined,
  scope: undefined,
  noSdk: undefined,
  sampledOut: 0,
  tenth: 0.1,
  sampled: 1,
};

/** Which half of a job's way: into the store, or out of it to its end. */
export const sides = ["enqueue", "run"] as const;

/** A half of a job's way. */
export type Side = typeof sides[number];

/** Microseconds of CPU for each job, on each side. */
export type Measured = Readonly<Record<Side, number>>;
