import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { get, open } from "./http_calls.ts";
import { controlCharacters, controlCharactersIn, controlText } from "./control_characters.ts";

// So short that nothing is cut off: without the halves of surrogate pairs, which nobody keeps.
const hostile = controlCharacters.filter((one) => !/\p{Surrogate}/u.test(one)).join("|");

/** An error with every control character in all that it says of itself. */
function hostileError(): Error {
  const cause = new TypeError(`cause ${hostile}`);
  const error = new Error(`message ${hostile}`, { cause });
  error.name = `Hostile${hostile}`;
  error.stack += `\n    at frame (${hostile})`;
  return error;
}

/** What is printed as errors while something is done. */
async function printedBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const printed: string[] = [];
  const { error } = console;
  console.error = (...values) => printed.push(values.map(String).join(" "));
  try {
    await work();
  } finally {
    console.error = error;
  }
  return printed;
}

function checkPrinted(printed: readonly string[]): void {
  const [text = ""] = printed;
  assert.equal(printed.length, 1);
  assert.deepEqual(controlCharactersIn(text), []);
  for (const escape of ["\\u001b", "\\u009b", "\\u202e", "\\u200b"]) {
    assert.ok(text.includes(escape), `${escape} in ${text}`);
  }
  assert.match(text, /^Hostile[^]*: message [^]*^ +at frame [^]*^Caused by: TypeError: cause /m);
}

describe("an error that nobody takes is printed without what steers a terminal", () => {
  test("by a worker", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("a", 1);
    const onJobStart = () => {
      throw hostileError();
    };
    checkPrinted(await printedBy(() => queue.worker("a", () => {}, { onJobStart }).tick()));
  });

  test("by the router", async () => {
    const store = Object.assign(memory(), { counts: () => Promise.reject(hostileError()) });
    const app = open(new JobQueue({ store }));
    checkPrinted(
      await printedBy(async () => assert.equal((await get(app, "/stats")).status, 500)),
    );
  });

  test("also when it is no error, or cannot be read", async () => {
    for (const thrown of [controlText, { [controlText]: controlText }, undefined, null]) {
      const store = Object.assign(memory(), { counts: () => Promise.reject(thrown) });
      const app = open(new JobQueue({ store }));
      const [text = ""] = await printedBy(async () => await get(app, "/stats"));
      assert.match(text, /^NonError: An? \w+ was thrown: /);
      assert.deepEqual(controlCharactersIn(text), []);
    }
  });
});
