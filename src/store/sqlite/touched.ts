/**
 * The queues that a transaction gave something to do, to be told of when it is committed.
 *
 * @module
 */

/** Names of queues. */
export type Touched = Set<string>;
