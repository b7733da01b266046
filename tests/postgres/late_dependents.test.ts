import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { JobQueue } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { until } from "../until.ts";
import { olderTransactionsAreOver } from "./older_transactions.ts";
import { within } from "./within.ts";
import { tellingClient } from "./telling_client.ts";

const timeout = 60_000;

/** Something to wait for. */
function moment(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => resolve = done);
  return { promise, resolve };
}

describe(
  "a caller's open transaction that depends on a running job",
  { skip: whyNoDatabase },
  () => {
    let database: TestDatabase;
    let sql: client.Sql;
    before(async () => {
      database = await openTestDatabase();
      sql = client(database.url, { max: 2, onnotice: () => {} });
    });
    after(async () => {
      await sql.end();
      await database.drop();
    });

    const open = async (schema: string) =>
      new JobQueue<{ first: number; second: number }, Sql>({
        store: await postgres(database.url, { schema }),
      });

    test(
      "stops no outcome; its dependent runs within seconds of the commit",
      { timeout },
      async () => {
        await using queue = await open("open");
        const [begun, done] = [moment(), moment()];
        const ran: string[] = [];
        const first = await queue.enqueue("first", 1);
        await using worker = queue.worker("first", async ({ id }) => {
          if (id === first.id) begun.resolve();
          await done.promise;
        });
        const dependentRan = moment();
        await using other = queue.worker("second", ({ id }) => {
          ran.push(id);
          dependentRan.resolve();
        });
        const runs = [worker.run(), other.run()];
        await begun.promise;
        let dependent = "";
        await sql.begin(async (transaction) => {
          const options = { transaction, dependsOn: [first.id] };
          const added = await queue.enqueue("second", 2, options);
          assert.equal(added.status, "blocked");
          dependent = added.id;
          done.resolve();
          const more = await queue.enqueue("first", 3);
          const ended = async () => {
            for (const { id } of [first, more]) {
              while ((await queue.get(id))?.status !== "completed") await setTimeout(10);
            }
          };
          await within(10_000, ended());
          assert.deepEqual(ran, []);
        });
        await within(10_000, dependentRan.promise);
        assert.deepEqual(ran, [dependent]);
        await Promise.all([worker.stop(), other.stop()]);
        await Promise.all(runs);
      },
    );

    for (const outcome of ["failed", "removed"] as const) {
      test(
        `that is ${outcome} at its commit: the dependent is cancelled`,
        { timeout },
        async () => {
          await using queue = await open(outcome);
          const { store } = queue;
          const { id } = await queue.enqueue("first", 1, { maxAttempts: 1 });
          const { id: unharmed } = await sql.begin(async (transaction) => {
            const settings = { onError: () => {} };
            const worker = queue.worker("first", () => {
              throw new Error("no");
            }, settings);
            const options = { transaction, dependsOn: [id] };
            await queue.enqueue("second", 2, options);
            const always = { ...options, onDependencyFailure: "run" } as const;
            const added = await queue.enqueue("second", 3, always);
            await worker.tick();
            assert.equal((await queue.get(id))?.status, "failed");
            if (outcome === "removed") {
              await using elsewhere = await open(outcome);
              await elsewhere.store.maintain({ retentionMs: 0, limit: 10 });
              assert.equal(await queue.get(id), undefined);
            }
            return added;
          });
          // A store looks for late ones twice in a second.
          await until("none is blocked", 10_000, async () => {
            await store.settleAndClaim({ settlements: [], claims: [] });
            await store.maintain({ retentionMs: 1e9, limit: 10 });
            return (await queue.find({ status: "blocked" })).jobs.length === 0;
          });
          const { jobs } = await queue.find({ queueName: "second" });
          assert.deepEqual(jobs.map(({ status }) => status), ["ready", "cancelled"]);
          assert.equal(jobs[0]!.id, unharmed);
          assert.match(
            jobs[1]!.error!.message,
            new RegExp(`^Its dependency ${id} (was )?${outcome}$`),
          );
        },
      );
    }

    test("is not looked at again and again once all are over that may not have seen it", {
      timeout,
    }, async () => {
      const schema = "looked";
      let looks = 0;
      const counted = tellingClient(sql, (text) => {
        if (text.includes("free_late_dependents")) looks++;
      });
      const store = await postgres(counted, { schema });
      const queue = new JobQueue<{ first: number; second: number }, Sql>({ store });
      const { id } = await queue.enqueue("first", 1);
      await queue.enqueue("second", 2, { dependsOn: [id] });
      // For longer than it takes until the store looks twice whether there are any.
      const keepHouse = async () => {
        for (let i = 0; i < 75; i++) {
          await store.settleAndClaim({ settlements: [], claims: [] });
          await store.maintain({ retentionMs: 1e9, limit: 10 });
          await setTimeout(20);
        }
      };
      await olderTransactionsAreOver(sql);
      await keepHouse();
      assert.ok(looks >= 2 && looks <= 4, `${looks} looks`);
      await queue.enqueue("second", 3, { dependsOn: [id] });
      const before = looks;
      await olderTransactionsAreOver(sql);
      await keepHouse();
      assert.ok(looks - before >= 2 && looks - before <= 4, `${looks - before} looks`);
    });
  },
);
