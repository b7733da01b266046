import type { HookMoment, Suite } from "./registry.ts";
import { runTest } from "./run_test.ts";
import { takeStrayErrors } from "./stray_errors.ts";
import type { Path, Tally } from "./tally.ts";
import { defaultTimeoutMs, withinLimit } from "./time_limit.ts";

/** Runs what a suite holds, in order. `around` are the suites it is in, outermost first. */
export async function runSuite(
  suite: Suite,
  pathAround: Path,
  around: readonly Suite[],
  tally: Tally,
): Promise<void> {
  const path = [...pathAround, suite.name];
  const left = suite.options.skip || suite.options.todo;
  if (left) return skipAll(suite, path, left, tally);

  const isReady = await runHooks("before", suite, path, tally);
  // The tests are not run, and the failed hook fails the leg.
  if (isReady) await runMembers(suite, path, [...around, suite], tally);
  await runHooks("after", suite, path, tally);
}

async function runMembers(
  suite: Suite,
  path: Path,
  around: readonly Suite[],
  tally: Tally,
): Promise<void> {
  for (const member of suite.members) {
    if (member.kind === "suite") await runSuite(member, path, around, tally);
    else await runTest(member, [...path, member.name], around, tally);
  }
}

async function runHooks(
  moment: HookMoment,
  suite: Suite,
  path: Path,
  tally: Tally,
): Promise<boolean> {
  const failures: unknown[] = [];
  for (const { body, options } of suite.hooks[moment]) {
    try {
      await withinLimit(options.timeout ?? defaultTimeoutMs, body);
    } catch (failure) {
      failures.push(failure);
    }
  }
  failures.push(...await takeStrayErrors());
  if (failures.length > 0) tally.fail([...path, `${moment} hook`], failures);
  return failures.length === 0;
}

function skipAll(suite: Suite, path: Path, why: boolean | string, tally: Tally): void {
  for (const member of suite.members) {
    const memberPath = [...path, member.name];
    if (member.kind === "suite") skipAll(member, memberPath, why, tally);
    else tally.skip(memberPath, why);
  }
}
