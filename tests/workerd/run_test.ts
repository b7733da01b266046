import type { Hook, RegisteredTest, Suite } from "./registry.ts";
import { takeStrayErrors } from "./stray_errors.ts";
import type { Path, Tally } from "./tally.ts";
import { TestContext } from "./test_context.ts";
import { defaultTimeoutMs, withinLimit } from "./time_limit.ts";

/**
 * Runs one test with the hooks of the suites around it, which come outermost first. Counts how it
 * ended and says whether that was well.
 */
export async function runTest(
  test: RegisteredTest,
  path: Path,
  around: readonly Suite[],
  tally: Tally,
): Promise<boolean> {
  const { skip, todo, timeout = defaultTimeoutMs } = test.options;
  const left = skip || todo;
  if (left) return tally.skip(path, left);

  const context = new TestContext(
    test.name,
    (subtest) => runTest(subtest, [...path, subtest.name], [], tally),
  );
  const failures: unknown[] = [];
  const attempt = async (work: () => unknown, timeoutMs = defaultTimeoutMs) => {
    try {
      await withinLimit(timeoutMs, work);
    } catch (failure) {
      failures.push(failure);
    }
  };
  const attemptHooks = async (hooks: readonly Hook[]) => {
    for (const { body, options } of hooks) await attempt(body, options.timeout);
  };

  await attemptHooks(around.flatMap((suite) => suite.hooks.beforeEach));
  if (failures.length === 0) await attempt(() => test.body(context), timeout);
  failures.push(...context.subtestFailures());
  context.end();
  for (const body of context.afterwards) await attempt(body);
  await attemptHooks([...around].reverse().flatMap((suite) => suite.hooks.afterEach));
  failures.push(...await takeStrayErrors());

  if (failures.length > 0) return tally.fail(path, failures);
  if (context.skipped) return tally.skip(path, context.skipped);
  return tally.pass(path);
}
