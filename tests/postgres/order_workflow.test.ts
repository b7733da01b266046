import assert from "node:assert/strict";
import { test } from "node:test";
import { newFolder, runOrders } from "../examples/run_order_workflow.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";

test("the order workflow stores its jobs in Postgres with --url, and finds them again", {
  skip: whyNoDatabase,
  timeout: 60_000,
}, async () => {
  await using database = await openTestDatabase();
  const start = { folder: newFolder(), args: ["--once", "--url", database.url] };
  const first = await runOrders(start);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.match(first.stdout, /^12 orders added from the sample$/m);
  assert.match(first.stdout, /44 completed, 1 failed, 2 cancelled; 3 retries/);
  assert.match(first.stdout, /^order-1007 +3 {2}1 failed, 2 cancelled +132\.70 USD$/m);
  const again = await runOrders(start);
  assert.match(again.stdout, /^12 orders existed already; nothing added$/m);
  assert.match(again.stdout, /^order-1001 +3 {2}completed +299\.99 USD$/m);
});
