/** No output controls a terminal, whatever a store contains and whatever is typed. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { commands } from "../../src/cli/run.ts";
import { controlCharactersIn, controlText } from "../runtimes/control_characters.ts";
import { ended, makeOrders } from "./orders.ts";
import { onSqlite, type Place } from "./places.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;
// So wide that nothing is cut off.
const wide = { columns: 1_000_000 };
const json = JSON.stringify({ name: controlText, message: controlText, stack: controlText });
// SQLite ends a text at a zero.
const plain = controlText.slice(1);

/** Two orders with every control character in every text that a store holds. */
async function hostilePlace(): Promise<Place> {
  const place = await onSqlite.make();
  await makeOrders(place);
  const database = new DatabaseSync(place.url);
  database.prepare(
    `update hammerwork_jobs set queue_name = queue_name || ?1, correlation_id = ?1,
      idempotency_key = id || ?1, tracestate = ?1, baggage = ?1, traceparent = ?1,
      attempt_traceparent = ?1, propagation = ?1, payload = ?2, result = ?2,
      error = case when status in ('failed', 'cancelled') then ?2 else error end`,
  ).run(plain, json);
  database.prepare("update hammerwork_attempts set error = ?, traceparent = ?").run(json, plain);
  database.close();
  return place;
}

const lookups: readonly (readonly string[])[] = [
  ["job", "list"],
  ["job", "show", ended.invoice],
  ["job", "show", ended.payment, "--include-tracing"],
  ["trace", "show", ended.traceId],
  ["queue", "stats"],
  ["queue", "stats", "--watch"],
  ["queue", "list"],
];
const actions: readonly (readonly string[])[] = [
  ["job", "retry", ended.invoice, ended.email],
  ["job", "cancel", ended.email, "--reason", controlText],
  ["job", "enqueue", "email_queue", JSON.stringify(controlText)],
  ["job", "retry", "--trace-id", ended.traceId, "--reason", controlText],
  ["job", "reschedule", "--status", "scheduled", "--now", "--by", controlText],
  ["job", "delete", "--status", "completed"],
  ["queue", "pause", "--all", "--reason", controlText, "--by", controlText],
  ["serve", "--port", "0"],
  ["migrate"],
  ["migrate", "--print"],
];

describe("no control character is printed", () => {
  for (const args of [...lookups, ...actions]) {
    test(`by ${args.slice(0, 2).join(" ")} ${args.at(-1)!.slice(0, 20)}`, { timeout }, async () => {
      await using place = await hostilePlace();
      const env = { HAMMERWORK_URL: place.url, NO_COLOR: "1", TERM: "dumb" };
      for (const start of [{ env, ...wide }, { env }]) {
        for (const more of [[], ["--json"]]) {
          const { stdout, stderr } = await cliHere([...args, ...more], start);
          assert.deepEqual(controlCharactersIn(stdout + stderr), [], more.join());
          if (more.length > 0) { for (const line of linesOf(stdout)) JSON.parse(line); }
        }
      }
    });
  }

  test("of what is typed, at any place of any command", { timeout }, async () => {
    await using place = await hostilePlace();
    const env = { HAMMERWORK_URL: place.url, NO_COLOR: "1" };
    const typed = `x${controlText}`;
    const lines: string[][] = [[typed], ["job", typed], ["job", "show", typed, typed]];
    for (const { name, operands = [], options = {} } of commands) {
      const words = name.split(" ");
      lines.push([...words, `--${typed}`], [...words, ...operands.map(() => typed), typed]);
      lines.push([...words, ...operands.map(() => typed)]);
      for (const [option, { value }] of Object.entries({ ...options, url: { value: "URL" } })) {
        const given = value === undefined ? [`--${option}=${typed}`] : [`--${option}`, typed];
        lines.push([...words, ...operands.map(() => "1"), ...given, "--port", "0"].slice(0, 9));
      }
    }
    for (const line of lines) {
      const { stdout, stderr } = await cliHere(line, { env, ...wide });
      assert.deepEqual(controlCharactersIn(stdout + stderr), [], JSON.stringify(line).slice(0, 80));
    }
  });

  test("and with --json the values are what they were", { timeout }, async () => {
    await using place = await hostilePlace();
    const { stdout } = await cliHere(["job", "show", ended.invoice, "--json"], {
      env: { HAMMERWORK_URL: place.url },
      ...wide,
    });
    const { payload, error, correlationId } = JSON.parse(stdout);
    assert.deepEqual([payload, error], [JSON.parse(json), JSON.parse(json)]);
    assert.equal(correlationId, plain.toWellFormed());
  });
});

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
