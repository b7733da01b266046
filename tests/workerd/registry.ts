/** What the test files registered, in order. Nothing of it has run yet. */

import type { TestContext } from "./test_context.ts";

export type Body = (t: TestContext) => unknown;
export type HookBody = () => unknown;

/** The options of node:test that the stand-in knows. */
export interface Options {
  readonly timeout?: number;
  readonly skip?: boolean | string;
  readonly todo?: boolean | string;
}

export interface RegisteredTest {
  readonly kind: "test";
  readonly name: string;
  readonly options: Options;
  readonly body: Body;
}

export interface Hook {
  readonly body: HookBody;
  readonly options: Options;
}

export type HookMoment = "before" | "after" | "beforeEach" | "afterEach";

/** A describe, or a whole file, which has hooks of its own in the same way. */
export interface Suite {
  readonly kind: "suite";
  readonly name: string;
  readonly options: Options;
  readonly hooks: Readonly<Record<HookMoment, Hook[]>>;
  readonly members: (Suite | RegisteredTest)[];
}

export const files: Suite[] = [];

let open: Suite | undefined;

/** What is registered from now on belongs to this file. The bundle calls it at the top of each. */
export function openFile(name: string): void {
  open = newSuite(name, {});
  files.push(open);
}

/** From now on nothing can be registered: the tests run. */
export function closeRegistry(): void {
  open = undefined;
}

export function registerTest(name: string, options: Options, body: Body): void {
  openSuite().members.push({ kind: "test", name, options, body });
}

export function registerHook(moment: HookMoment, body: HookBody, options: Options): void {
  openSuite().hooks[moment].push({ body, options });
}

export function registerSuite(name: string, options: Options, fill: () => unknown): void {
  if (options.timeout !== undefined) {
    throw new TypeError(`The suite "${name}" was expected to leave timeouts to its tests.`);
  }
  const parent = openSuite();
  const suite = newSuite(name, options);
  parent.members.push(suite);
  open = suite;
  try {
    if (fill() instanceof Promise) {
      throw new TypeError(`The suite "${name}" was expected to register at once, but is async.`);
    }
  } finally {
    open = parent;
  }
}

function newSuite(name: string, options: Options): Suite {
  const hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
  return { kind: "suite", name, options, hooks, members: [] };
}

function openSuite(): Suite {
  if (open) return open;
  throw new Error("Tests are registered when their file is loaded; within a test, use t.test.");
}
