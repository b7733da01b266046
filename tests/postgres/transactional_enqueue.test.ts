import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { endOf } from "../child_output.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";

test("the example transactional_enqueue commits the job with the order, or neither", {
  skip: whyNoDatabase,
  timeout: 60_000,
}, async () => {
  await using database = await openTestDatabase();
  const child = spawn(process.execPath, ["examples/transactional_enqueue.ts"], {
    env: { ...process.env, DATABASE_URL: database.url },
  });
  const { exitCode, stdout, stderr } = await endOf(child);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.match(
    stdout,
    /^(order-\w+-2): An amount must be positive\norder-\w+-1: payment completed\n\1: no payment\n$/,
  );
});
