/** The stand-in for node:test in workerd must fail whatever node:test would fail. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { installedRuntime, MissingRuntime } from "../legs/installed.ts";

const goesWrong = {
  "an assertion": `test("t", () => assert.equal(1, 2));`,
  "a rejected promise": `test("t", () => Promise.reject(new Error("no")));`,
  "an unhandled rejection": `test("t", () => { Promise.reject(new Error("no")); });`,
  "a throw in a microtask": `test("t", () => queueMicrotask(() => { throw new Error("no"); }));`,
  "a timeout": `test("t", { timeout: 50 }, () => new Promise(() => {}));`,
  "a subtest": `test("t", async (t) => { await t.test("s", () => assert.fail()); });`,
  "a subtest of a subtest": `
    test("t", (t) => t.test("s", (t) => t.test("s", () => assert.fail())));`,
  "a subtest that is not awaited": `
    test("t", (t) => { t.test("s", () => new Promise((done) => setTimeout(done, 50))); });`,
  "a test of a suite": `describe("d", () => { it("t", () => assert.fail()); });`,
  "a before hook": `before(() => assert.fail()); test("t", () => {});`,
  "a beforeEach hook": `beforeEach(() => assert.fail()); test("t", () => {});`,
  "an afterEach hook": `afterEach(() => assert.fail()); test("t", () => {});`,
  "an after hook": `after(() => assert.fail()); test("t", () => {});`,
  "a rejection in an after hook": `
    after(() => { Promise.reject(new Error("no")); }); test("t", () => {});`,
  "what t.after registered": `test("t", (t) => t.after(() => assert.fail()));`,
  "a test registered too late": `test("t", () => test("late", () => {}));`,
  "a part of node:test that is not there": `test("t", (t) => { t.plan(1); });`,
};

const goesWell = {
  "runs hooks in order": `
    const calls = [];
    before(() => calls.push("before"));
    beforeEach(() => calls.push("outer"));
    afterEach(() => calls.push("/outer"));
    describe("d", () => {
      beforeEach(() => calls.push("inner"));
      afterEach(() => calls.push("/inner"));
      it("t", (t) => { t.after(() => calls.push("/t")); calls.push("t"); });
    });
    test("order", () => {
      const around = ["outer", "inner", "t", "/t", "/inner", "/outer"];
      assert.deepEqual(calls, ["before", ...around, "outer"]);
    });`,
  "keeps the hooks of other files away": `let calls = 0;
    beforeEach(() => { calls++; });
    test("t", () => assert.equal(calls, 1));`,
  "leaves tests out": `
    test.skip("s", () => assert.fail());
    test("s", { skip: "why" }, () => assert.fail());
    test("s", (t) => t.skip());
    test.todo("s");
    describe.skip("d", () => { it("s", () => assert.fail()); });`,
  "ends t.signal with the test": `
    let signal;
    test("t", (t) => { signal = t.signal; assert.equal(signal.aborted, false); });
    test("t", () => assert.equal(signal.aborted, true));`,
  "runs subtests one by one": `
    test("t", async (t) => {
      const calls = [];
      const slow = t.test("slow", async () => {
        await new Promise((done) => setTimeout(done, 20));
        calls.push("slow");
      });
      const quick = t.test("quick", () => { calls.push("quick"); });
      await Promise.all([slow, quick]);
      assert.deepEqual(calls, ["slow", "quick"]);
    });`,
};

const failsToLoad = {
  "throws": `throw new Error("no");`,
  "wants what is not there": `import { mock } from "node:test"; mock.fn();`,
  "has an async suite": `describe("d", async () => { it("t", () => {}); });`,
  "has an unknown option": `test("t", { only: true }, () => {});`,
};

describe("the stand-in for node:test in workerd", { skip: whyNot() }, () => {
  it("fails what goes wrong", { timeout: 60_000 }, async (t) => {
    const { output, exitCode } = runInWorkerd("wrong", goesWrong);
    assert.equal(exitCode, 1, output);
    for (const what of Object.keys(goesWrong)) {
      await t.test(what, () => assert.match(output, new RegExp(`✖ \\S+/${fileName(what)} > `)));
    }
  });

  it("passes what goes well", { timeout: 60_000 }, () => {
    const { output, exitCode } = runInWorkerd("well", goesWell);
    assert.equal(exitCode, 0, output);
    assert.match(output, /^8 passed, 0 failed, 5 skipped$/m);
  });

  for (const [what, text] of Object.entries(failsToLoad)) {
    it(`does not run a file that ${what}`, { timeout: 60_000 }, () => {
      const { output, exitCode } = runInWorkerd("load", {
        [what]: text,
        fine: `test("t", () => {});`,
      });
      assert.notEqual(exitCode, 0, output);
      assert.doesNotMatch(output, /^\d+ passed/m);
    });
  }
});

function runInWorkerd(
  name: string,
  files: Readonly<Record<string, string>>,
): { readonly output: string; readonly exitCode: number | null } {
  const folder = `.build/workerd_stand_in/${name}`;
  const paths = Object.entries(files).map(([what, text]) => writeTestFile(folder, what, text));
  const bundled = run("Bun", ["tests/workerd/bundle.ts", folder, ...paths]);
  return bundled.exitCode === 0 ? run("workerd", ["test", `${folder}/config.capnp`]) : bundled;
}

function writeTestFile(folder: string, what: string, text: string): string {
  const path = `${folder}/${fileName(what)}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path,
    `import assert from "node:assert/strict";
    import { after, afterEach, before, beforeEach, describe, it, test } from "node:test";
    ${text}`,
  );
  return path;
}

function fileName(what: string): string {
  return `${what.replace(/\W+/g, "_")}.test.ts`;
}

function run(title: string, args: readonly string[]): { output: string; exitCode: number | null } {
  const { executable } = installedRuntime(title, title.toLowerCase());
  const ended = spawnSync(executable, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { output: ended.stdout + ended.stderr, exitCode: ended.status };
}

function whyNot(): string | false {
  try {
    installedRuntime("Bun", "bun");
    installedRuntime("workerd", "workerd");
    return false;
  } catch (error) {
    if (error instanceof MissingRuntime) return error.message;
    throw error;
  }
}
