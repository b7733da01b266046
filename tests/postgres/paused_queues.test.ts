import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pg from "postgres";
import type { Store } from "../../src/store.ts";
import { postgres } from "../../src/store/postgres.ts";
import { jobInput } from "../conformance/inputs.ts";
import { racePauses } from "../paused_race.ts";
import { until } from "../until.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";

const timeout = 120_000;
const claims = [{ queueName: "orders", limit: 10, leaseMs: 60_000 }];

describe("a pause in Postgres", { skip: whyNoDatabase }, () => {
  test(
    "is kept from claims of all processes, and from jobs that are taken as they are added",
    { timeout },
    async () => {
      await using database = await openTestDatabase();
      const store = (await postgres(database.url)) as unknown as Store;
      const place = { database: database.url };
      await racePauses(store, place, { claimers: 3, takers: 2, rounds: 8 });
      await store.close();
    },
  );

  test(
    "waits for the claims under way, and those that come later for it",
    { timeout },
    async () => {
      await using database = await openTestDatabase();
      const store = await postgres(database.url);
      const sql = pg(database.url, { max: 3, onnotice: () => {} });
      await store.add([jobInput(), jobInput()]);
      const waiting = async (what: string) => {
        const [row] = await sql`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory' and query like ${what}`;
        return row!.count as number;
      };
      let answers: string[] = [];
      await sql.begin(async (transaction) => {
        // A claim that is slow to commit.
        const [first] = await transaction`select * from hammerwork.settle_and_claim('[]',
        '[{"queueName":"orders","limit":1,"leaseMs":60000,"token":"00000000-0000-0000-0000-000000000001"}]',
        false)`;
        assert.ok(first!.jobs);
        const pause = store.configure({ pause: {} }).then(() => void answers.push("pause"));
        await until(
          "the pause waits",
          10_000,
          async () => await waiting("%configure_queue%") === 1,
        );
        const claim = store.settleAndClaim({ settlements: [], claims }).then(({ claimed }) => {
          answers.push(`${claimed.length} claimed`);
        });
        await until("a claim waits", 10_000, async () => await waiting("%settle_and_claim%") === 1);
        assert.deepEqual(answers, []);
        answers = [];
        void Promise.all([pause, claim]);
      });
      await until("both are answered", 10_000, () => answers.length === 2);
      assert.deepEqual([...answers].sort(), ["0 claimed", "pause"]);
      await sql.end();
      await store.close();
    },
  );

  test("is told to the stores of other processes, and holds there", { timeout }, async () => {
    await using database = await openTestDatabase();
    const here = await postgres(database.url);
    const there = await postgres(database.url);
    const heard: unknown[] = [];
    there.onNotice!((notice) => heard.push(notice));
    await until("it listens", 10_000, () => there.hints.hearsOthers === true);
    heard.length = 0;
    await here.configure({ queueName: "orders", pause: { reason: "a release", by: "ada" } });
    await here.configure({ pause: {} });
    await here.configure({ pause: null });
    await until("all is heard", 10_000, () => heard.length === 3);
    assert.deepEqual(heard, [
      { type: "paused", queueName: "orders" },
      { type: "paused", queueName: undefined },
      { type: "ready", queueName: undefined },
    ]);
    await here.add([jobInput()]);
    assert.deepEqual(await there.settings(), await here.settings());
    assert.equal((await there.settings())[0]?.pause?.by, "ada");
    assert.deepEqual((await there.settleAndClaim({ settlements: [], claims })).claimed, []);
    await here.close();
    await there.close();
  });
});
