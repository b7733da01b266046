/** The specification's own command lines, with `hammerwork` for `cargo hammerwork`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ended, makeOrders, waiting } from "./orders.ts";
import { onSqlite, type Place } from "./places.ts";
import { cli } from "./run_cli.ts";

const timeout = 30_000;

/** Runs a line as it is written; the store comes from the environment. */
function hammerwork(line: string, place: Place) {
  const words = line.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ""));
  return cli(words, { env: { HAMMERWORK_URL: place.url } });
}

describe("the specification's command lines", () => {
  test(`job list --trace-id "550e8400-e29b-41d4-a716-446655440000"`, { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const line = `job list --trace-id "550e8400-e29b-41d4-a716-446655440000"`;
    const { stdout, exitCode } = await hammerwork(line, place);
    assert.equal(exitCode, 0);
    for (const id of [ended.payment, ended.email, ended.invoice, ended.ledger, ended.receipt]) {
      assert.ok(stdout.includes(id), stdout);
    }
    assert.ok(!stdout.includes(waiting.ready), stdout);
  });

  test(`job list --correlation-id "order-12345"`, { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const { stdout, exitCode } = await hammerwork(`job list --correlation-id "order-12345"`, place);
    assert.equal(exitCode, 0);
    assert.equal(stdout.match(/order-12345/g)?.length, 5);
    assert.doesNotMatch(stdout, /order-777/);
  });

  test("job show abc123 --include-tracing", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const { stdout, exitCode } = await hammerwork("job show abc123 --include-tracing", place);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^job +${waiting.ready}$`, "m"));
    assert.match(stdout, new RegExp(`^trace +${waiting.traceId}$`, "m"));
    assert.match(stdout, /^correlation +order-777$/m);
  });
});
