/**
 * The workflows that are measured. BullMQ's direction is the other one: a parent waits for its
 * children, so that many can lead to one, but one never to many.
 *
 * @module
 */
import { trivialPayload } from "../measured/trivial.ts";
import type { Contender, Workflow } from "./contender.ts";

/** What a workflow looks like. */
export interface WorkflowShape {
  readonly title: string;
  /** The places that each job waits for. */
  readonly after: readonly (readonly number[])[];
  /** Whether at most one job waits for each. */
  readonly isTowardsOne: boolean;
  /** How many of them are measured. */
  readonly count: number;
}

const many = 1_000;
const everyOne = Array.from({ length: many }, (_, place) => place);

/** The shapes by name. */
export const workflowShapes = {
  oneThenTwo: {
    title: "a job, then two",
    after: [[], [0], [0]],
    isTowardsOne: false,
    count: 1_000,
  },
  twoThenOne: {
    title: "two jobs, then one",
    after: [[], [], [0, 1]],
    isTowardsOne: true,
    count: 1_000,
  },
  chainOfFive: {
    title: "a chain of five",
    after: [[], [0], [1], [2], [3]],
    isTowardsOne: true,
    count: 500,
  },
  oneThenMany: {
    title: "a job, then 1,000",
    after: [[], ...everyOne.map(() => [0])],
    isTowardsOne: false,
    count: 3,
  },
  manyThenOne: {
    title: "1,000 jobs, then one",
    after: [...everyOne.map(() => []), everyOne],
    isTowardsOne: true,
    count: 3,
  },
} as const satisfies Readonly<Record<string, WorkflowShape>>;

/** The name of a shape. */
export type WorkflowShapeName = keyof typeof workflowShapes;

/** Whether a contender can store it. */
export function canStore({ workflows }: Contender, { isTowardsOne }: WorkflowShape): boolean {
  return workflows === "any" || (workflows === "towards one" && isTowardsOne);
}

/** A workflow of this shape, whose jobs are numbered from `first`. */
export function workflowOf({ after }: WorkflowShape, first: number): Workflow {
  return after.map((places, place) => ({ payload: trivialPayload(first + place), after: places }));
}
