import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import client from "postgres";
import type { ClaimedJob, JobInput } from "../../src/store.ts";
import { postgres, type Sql, type SqlValue } from "../../src/store/postgres.ts";
import { completed, jobInput, released, retrying, settlement } from "../conformance/inputs.ts";
import { until } from "../until.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { type Explain, explainer } from "./explain.ts";

const timeout = 180_000;
const perClaim = 100;
const backlog = 1_000;
const leaseMs = 60_000;

/** A claim, as a store asks for it. */
interface Asked {
  readonly text: string;
  readonly values: SqlValue[];
  readonly isFromHead: boolean;
}

describe("while a transaction is open that keeps all dead rows", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: client.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = client(database.url, { max: 4, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  /** A store whose claims can be looked at, with a queue that is never empty and a worker on it. */
  async function open(schema: string) {
    const asked: Asked[] = [];
    const store = await postgres({
      unsafe: (text, values = [], options) => {
        if (text.startsWith("select * from") && String(values[1]).includes("leaseMs")) {
          const isFromHead = !String(values[1]).includes('"ranges"');
          asked.push({ text, values, isFromHead });
        }
        return sql.unsafe(text, values as never, options) as unknown as ReturnType<Sql["unsafe"]>;
      },
    }, { schema });
    const own = new Set<string>();
    let ready = 0;
    let running: readonly ClaimedJob[] = [];
    const add = async (inputs: readonly JobInput[]) => {
      for (const { id } of inputs) own.add(id);
      await store.add(inputs);
      ready += inputs.length;
    };
    return {
      store,
      asked,
      /** Whether its claims do not begin at the head, but for the look of each second. */
      beginsElsewhere: () => asked.slice(-50).filter(({ isFromHead }) => isFromHead).length < 10,
      /** Completes what it had claimed and claims some more. Returns what is not of its backlog. */
      turn: async (): Promise<readonly ClaimedJob[]> => {
        if (ready < backlog) await add(Array.from({ length: 1_000 }, () => jobInput()));
        const { settled, claimed } = await store.settleAndClaim({
          settlements: running.map((job) => settlement(job, completed)),
          claims: [{ queueName: "orders", limit: perClaim, leaseMs }],
        });
        assert.ok(settled.every((state) => state === "held"));
        running = claimed.filter(({ id }) => own.has(id));
        ready -= running.length;
        return claimed.filter(({ id }) => !own.has(id));
      },
      [Symbol.asyncDispose]: () => store.close(),
    };
  }

  /** A transaction with an id, which is older than all that comes. It ends with its block. */
  async function oldTransaction() {
    const connection = await sql.reserve();
    await connection`begin`;
    await connection`select pg_current_xact_id()`;
    return {
      [Symbol.asyncDispose]: async () => {
        await connection`rollback`;
        connection.release();
      },
    };
  }

  test("a claim reads at most twice as many pages after ten thousands of jobs as before", {
    timeout,
  }, async (t) => {
    await using worker = await open("pages");
    await using server = await explainer(database.url);
    const pagesOf = (claim: Asked) => pagesOfClaim(claim, server.explain);
    await worker.turn();
    await worker.turn();
    await pagesOf(worker.asked.at(-1)!);
    const before = await pagesOf(worker.asked.at(-1)!);
    await using _ = await oldTransaction();
    // Until the head of the queue is slow on this machine.
    let turns = 0;
    await until("claims begin elsewhere", 120_000, async () => {
      for (let n = 0; n < 100; n++, turns++) await worker.turn();
      return turns >= 300 && worker.beginsElsewhere();
    });
    await until("a claim does not begin at the head", 10_000, async () => {
      await worker.turn();
      return !worker.asked.at(-1)!.isFromHead;
    });
    const elsewhere = await pagesOf(worker.asked.at(-1)!);
    const fromHead = await pagesOf(worker.asked.filter(({ isFromHead }) => isFromHead).at(-1)!);
    t.diagnostic(`${before} pages before, ${elsewhere} after ${turns * perClaim} jobs`);
    t.diagnostic(`${fromHead} from the head of the queue`);
    assert.ok(elsewhere <= 2 * before, `${elsewhere} pages, ${before} before`);
    assert.ok(fromHead > elsewhere, `${fromHead} pages from the head, ${elsewhere} elsewhere`);
  });

  test("jobs that come behind the place where claims begin are found from the head, soon", {
    timeout,
  }, async (t) => {
    await using worker = await open("behind");
    const other = await postgres(database.url, { schema: "behind", migrate: false });
    await using opened = new AsyncDisposableStack();
    opened.defer(() => other.close());
    opened.use(await oldTransaction());
    const given: string[] = [];
    const expected = new Map<string, string>();
    // A retry, and what another process hands back: jobs that it has claimed by now.
    await other.add(Array.from({ length: 3 }, () => jobInput({ maxAttempts: 5 })));
    const claims = [{ queueName: "orders", limit: 3, leaseMs }];
    const { claimed: [tried, handedBack, failing] } = await other.settleAndClaim({
      settlements: [],
      claims,
    });
    const reserved = await sql.reserve();
    await reserved`begin`;
    const late = jobInput();
    await other.add([late], { transaction: reserved as unknown as Sql });

    await until("claims begin elsewhere", 120_000, async () => {
      for (let n = 0; n < 100; n++) {
        for (const { id } of await worker.turn()) given.push(id);
      }
      return worker.beginsElsewhere();
    });
    assert.deepEqual(given, []);

    await reserved`commit`;
    reserved.release();
    expected.set(late.id, "committed late");
    const soon = { ...retrying, delayMs: 100 };
    await other.settleAndClaim({
      settlements: [
        settlement(tried!, soon),
        settlement(handedBack!, released),
        settlement(failing!, { status: "failed", outcome: "failed", error: soon.error }),
      ],
      claims: [],
    });
    await other.retry(failing!.id);
    expected.set(tried!.id, "tried again");
    expected.set(handedBack!.id, "handed back");
    expected.set(failing!.id, "retried by a caller");
    const urgent = jobInput({ priority: 9 });
    const due = jobInput({ delayMs: 300 });
    const first = jobInput();
    const freed = jobInput({ dependsOn: [first.id], priority: 1 });
    await other.add([urgent, due, first, freed]);
    expected.set(urgent.id, "of a higher priority");
    expected.set(due.id, "due later");
    expected.set(first.id, "ready as any other");
    expected.set(freed.id, "freed by another's end");

    const [askedAt, from] = [performance.now(), worker.asked.length];
    await until("all of them are claimed", 20_000, async () => {
      for (const job of await worker.turn()) {
        const what = expected.get(job.id);
        assert.ok(expected.delete(job.id), `${job.id} was not expected, or came twice`);
        const fromHead = worker.asked.slice(from).filter(({ isFromHead }) => isFromHead).length;
        const ms = Math.round(performance.now() - askedAt);
        t.diagnostic(`after ${ms} ms, by look ${fromHead} from the head: ${what}`);
        if (job.id === late.id || job.id === handedBack!.id) {
          assert.ok(fromHead <= 2, `${fromHead} looks`);
        }
        await other.settleAndClaim({ settlements: [settlement(job, completed)], claims: [] });
      }
      return expected.size === 0;
    });
  });

  test(
    "leases that were over long ago are not looked at again and again",
    { timeout },
    async () => {
      await using worker = await open("leases");
      await using server = await explainer(database.url);
      // One look twice in a second, of which the first begins at the beginning.
      const pagesOfLook = async () => {
        const from = worker.asked.length;
        const isLook = ({ values }: Asked) => String(values[3]).includes('"expiredFrom":1');
        await until("it is looked for expired leases", 10_000, async () => {
          await worker.turn();
          return worker.asked.slice(from).some(isLook);
        });
        const look = worker.asked.slice(from).find(isLook)!;
        return await pagesOfClaim(
          { ...look, values: ["[]", "[]", ...look.values.slice(2)] },
          server.explain,
        );
      };
      await pagesOfLook();
      const before = await pagesOfLook();
      await using _ = await oldTransaction();
      await sql.unsafe(`insert into leases.claims (token, claimed_at, lapses_at, open, has_past,
        first_sequence, last_sequence, queue_name, sequences, run_ats)
      select gen_random_uuid(), now(), now() - n * interval '1 minute', 1, false, n, n, 'other',
        array[n], array[now()] from generate_series(1, 20000) n`);
      await sql.unsafe("delete from leases.claims where queue_name = 'other'");
      const after = await pagesOfLook();
      assert.ok(after <= before + 20, `${after} pages, ${before} before`);
    },
  );
});

/** Of another claim of the same jobs, which is taken back. */
async function pagesOfClaim({ values, text }: Asked, explain: Explain): Promise<number> {
  const claims = String(values[1]).replace(
    /"token":"[^"]*"/,
    `"token":"${crypto.randomUUID()}"`,
  );
  const again = ["[]", claims, ...values.slice(2)] as (string | number | null)[];
  return (await explain(text, again)).pages;
}
