import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { sqlite } from "../../src/store/sqlite.ts";
import { jobInput } from "../conformance/inputs.ts";
import { racePauses } from "../paused_race.ts";
import { folderInMemory } from "./workers/temporary_folder.ts";

const timeout = 60_000;

describe("a pause in a SQLite file", () => {
  test("is kept from claims of all processes, from its answer on", { timeout }, async () => {
    using folder = folderInMemory();
    const database = join(folder.path, "jobs.db");
    const store = await sqlite(database);
    await racePauses(store, { database }, { claimers: 2, takers: 0, rounds: 4 });
    await store.close();
  });

  test("outlasts everybody who has the file open", async () => {
    using folder = folderInMemory();
    const database = join(folder.path, "jobs.db");
    const before = await sqlite(database);
    await before.add([jobInput()]);
    const pause = { until: Date.now() + 600_000, reason: "a new release", by: "ada" };
    await before.configure({ queueName: "orders", pause });
    const settings = await before.settings();
    await before.close();
    const after = await sqlite(database);
    assert.deepEqual(await after.settings(), settings);
    const claims = [{ queueName: "orders", limit: 1, leaseMs: 1_000 }];
    assert.deepEqual((await after.settleAndClaim({ settlements: [], claims })).claimed, []);
    await after.close();
  });
});
