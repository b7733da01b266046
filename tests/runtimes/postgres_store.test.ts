import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { job, JobQueue, newTraceId, StoreUnavailableError } from "../../mod.ts";
import { postgres, postgresMigrations, type Sql } from "../../src/store/postgres.ts";
import { jobInput } from "../conformance/inputs.ts";
import { linksOf, recordSpans, traceparentOf } from "./recorded_spans.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "../postgres/database.ts";

interface Shop {
  orders: { id: string };
  emails: { to: string };
}

let database: TestDatabase;

const newSchema = () => `test_${crypto.randomUUID().replaceAll("-", "")}`;

async function openShop(schema: string = newSchema()): Promise<JobQueue<Shop, Sql>> {
  return new JobQueue<Shop, Sql>({ store: await postgres(database.url, { schema }) });
}

/** A client of the application's own, which ends with its block. */
function client(max: number = 3): pg.Sql & AsyncDisposable {
  const sql = pg(database.url, { max, fetch_types: false, onnotice: () => {} });
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) });
}

describe("the Postgres store on a real server", { skip: whyNoDatabase }, () => {
  before(async () => {
    database = await openTestDatabase();
  });
  after(() => database.drop());

  describe("a caller's own transaction", () => {
    test("that commits stores the job, trace and all; one that rolls back leaves nothing", async () => {
      await using queue = await openShop();
      await using sql = client();
      const committed = await sql.begin(async (transaction) => {
        const stored = await queue.enqueue("orders", { id: "1" }, {
          transaction,
          correlationId: "order-1",
        });
        assert.equal(await queue.get(stored.id), undefined, "nobody else sees it yet");
        return stored;
      });
      assert.equal((await queue.get(committed.id))?.correlationId, "order-1");
      const payment = job("orders", { id: "2" });
      const email = job("emails", { to: "a@example.com" }, { dependsOn: [payment] });
      await assert.rejects(
        sql.begin(async (transaction) => {
          await queue.enqueue([payment, email], { transaction });
          throw new Error("the order was refused");
        }),
        /the order was refused/,
      );
      assert.equal(await queue.get(payment.id), undefined);
      assert.equal(await queue.get(email.id), undefined);
    });

    test("that enqueues a job again tells so in the span, by the stored id and a link", async () => {
      await using queue = await openShop();
      await using sql = client();
      const { spans, tracing } = await recordSpans();
      const key = { idempotencyKey: "order-1" };
      const first = await queue.enqueue("orders", { id: "1" }, key);
      await sql.begin(async (transaction) => {
        await queue.enqueue("orders", { id: "1" }, { ...key, transaction });
        await queue.enqueue([job("orders", { id: "1" }, key), job("orders", { id: "2" })], {
          transaction,
        });
      });
      await tracing.shutdown();
      const [send, again, batch] = spans.all("send orders");
      const [create] = spans.all("create orders");
      for (const span of [again!, create!]) {
        assert.equal(span.attributes["messaging.message.id"], first.id);
        assert.equal(span.attributes["hammerwork.job.deduplicated"], true);
        assert.deepEqual(linksOf(span), [["creation", traceparentOf(send!)]]);
      }
      assert.equal(batch!.links[0]!.attributes?.["messaging.message.id"], first.id);
    });

    test("wakes a worker when it commits", async () => {
      const schema = newSchema();
      await using queue = await openShop(schema);
      await using elsewhere = await openShop(schema);
      await using sql = client();
      let ran = () => {};
      const done = new Promise<void>((resolve) => ran = resolve);
      await using worker = elsewhere.worker("orders", () => ran(), {
        pollMs: 60_000,
        maintenanceMs: 60_000,
      });
      const run = worker.run();
      await new Promise((resolve) => setTimeout(resolve, 300)); // until it listens
      await sql.begin((transaction) => queue.enqueue("orders", { id: "1" }, { transaction }));
      await done;
      await worker.stop();
      assert.equal((await run).completed, 1);
    });
  });

  describe("enqueues made at the same time", () => {
    /** Counts the inserts that a client sends. */
    function counting(sql: pg.Sql): { sql: Sql; inserts: () => number } {
      let inserts = 0;
      const counted: Sql = {
        unsafe: (text, values, options) => {
          if (text.includes("insert into")) inserts++;
          return sql.unsafe(text, values, options);
        },
      };
      return { sql: counted, inserts: () => inserts };
    }

    test("share an insert, and each caller gets its own job, stored", async () => {
      await using sql = client();
      const counted = counting(sql);
      const store = await postgres(counted.sql, { schema: newSchema() });
      await using queue = new JobQueue<Shop, Sql>({ store });
      const before = counted.inserts();
      const ids = Array.from({ length: 200 }, (_, n) => `${n}`);
      const jobs = await Promise.all(ids.map(async (id) => {
        const stored = await queue.enqueue("orders", { id }, {
          idempotencyKey: `order-${+id % 150}`,
        });
        return { id, stored, found: await queue.get(stored.id) };
      }));
      const firsts = jobs.filter(({ stored }) => !stored.deduplicated);
      assert.equal(firsts.length, 150);
      for (const { id, stored, found } of jobs) {
        assert.equal(+(stored.payload as { id: string }).id % 150, +id % 150);
        assert.deepEqual(found?.payload, stored.payload);
      }
      assert.ok(counted.inserts() - before < 20, `${counted.inserts() - before} inserts`);
    });

    test("suffer nothing from one that is refused", async () => {
      await using sql = client();
      const store = await postgres(sql, { schema: newSchema() });
      const inputs = Array.from({ length: 20 }, () => jobInput());
      const refused = { ...jobInput(), id: "no id" };
      const calls = [...inputs.slice(0, 10), refused, ...inputs.slice(10)];
      const answers = await Promise.allSettled(calls.map((input) => store.add([input])));
      assert.deepEqual(
        answers.map(({ status }) => status === "fulfilled"),
        calls.map((input) => input !== refused),
      );
      for (const { id } of inputs) assert.equal((await store.get(id))?.status, "ready");
    });
  });

  describe("a part of a job that is cancelled meanwhile", () => {
    test("is stored by one statement, with or without a parent, and no lock on that", async () => {
      await using sql = client();
      const schema = newSchema();
      const statements: string[] = [];
      const counted: Sql = {
        unsafe: (text, values, options) => {
          statements.push(text);
          return sql.unsafe(text, values, options);
        },
      };
      const store = await postgres(counted, { schema });
      await using queue = new JobQueue<Shop, Sql>({ store });
      const parent = await queue.enqueue("orders", { id: "1" });
      await queue.store.settleAndClaim({
        settlements: [],
        claims: [{ queueName: "orders", limit: 1, leaseMs: 60_000 }],
      });
      const add = async (fields: object) => {
        statements.length = 0;
        await store.add([jobInput(fields), jobInput(fields)]);
        return statements.filter((text) => text.includes("insert into")).length;
      };
      assert.equal(await add({}), 1);
      assert.ok(!statements[0]!.includes("'cancelled'"), "Without a parent nothing is looked up");
      assert.equal(await add({ parentId: parent.id }), 1);
      await sql.begin(async (transaction) => {
        await queue.enqueue("orders", { id: "2" }, { parent, transaction });
        assert.equal((await queue.cancel(parent.id))?.changed, true);
        const late = await queue.enqueue("orders", { id: "3" }, { parent, transaction });
        assert.deepEqual([late.status, late.error?.parentId], ["cancelled", parent.id]);
      });
    });
  });

  describe("enqueue from plain SQL", () => {
    test("joins the caller's trace and business process, and its job runs like any other", async () => {
      const schema = newSchema();
      await using queue = await openShop(schema);
      await using sql = client();
      const traceparent = `00-${newTraceId()}-00f067aa0ba902b7-01`;
      const [row] = await sql`
      select ${sql(schema)}.enqueue('orders', '{"id": "1"}', correlation_id => 'order-1',
        traceparent => ${traceparent}, idempotency_key => 'order-1', priority => 5) as id`;
      const [again] = await sql`
      select ${sql(schema)}.enqueue('orders', '{"id": "1"}', idempotency_key => 'order-1') as id`;
      assert.equal(again?.id, row?.id);
      const stored = await queue.get(row?.id);
      assert.deepEqual([
        stored?.traceId,
        stored?.traceparent,
        stored?.correlationId,
        stored?.priority,
      ], [
        traceparent.slice(3, 35),
        traceparent,
        "order-1",
        5,
      ]);
      assert.match(row?.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
      const seen: unknown[] = [];
      await queue.worker("orders", ({ payload }) => void seen.push(payload)).tick();
      assert.deepEqual(seen, [{ id: "1" }]);
    });

    test("stores a part of a cancelled job as cancelled, and ends its trace", async () => {
      const schema = newSchema();
      await using queue = await openShop(schema);
      await using sql = client();
      const enqueue = async (parent: string) => {
        const [row] = await sql`
          select ${sql(schema)}.enqueue('orders', '1', parent_id => ${parent}) as id`;
        return (await queue.get(row?.id))!;
      };
      const parent = await queue.enqueue("orders", { id: "1" });
      assert.equal((await enqueue(parent.id)).status, "ready");
      await queue.cancel(parent.id);
      await queue.store.traceEnds!.settle(
        await queue.store.traceEnds!.claim({ limit: 10, leaseMs: 1_000 }),
      );
      const child = await enqueue(parent.id);
      assert.deepEqual([child.status, child.attempts], ["cancelled", 0]);
      assert.deepEqual(child.error, {
        name: "JobCancelledError",
        message: "Its parent was cancelled",
        parentId: parent.id,
      });
      const ends = await queue.store.traceEnds!.claim({ limit: 10, leaseMs: 1_000 });
      assert.deepEqual(ends.map(({ jobId }) => jobId), [child.id]);
    });

    test("reads a traceparent as the library does, also of a later version", async () => {
      const schema = newSchema();
      await using queue = await openShop(schema);
      await using sql = client();
      const [traceId, spanId] = [newTraceId(), "00f067aa0ba902b7"];
      const given: Readonly<Record<string, boolean>> = {
        [`00-${traceId}-${spanId}-01`]: true,
        [`01-${traceId}-${spanId}-01`]: true,
        [`cc-${traceId}-${spanId}-09-what-is-new`]: true,
        [`00-${traceId}-${spanId}-01-more`]: false,
        [`cc-${traceId}-${spanId}-01more`]: false,
        [`cc-${traceId}-${spanId}-01-a\nb`]: false,
        [`ff-${traceId}-${spanId}-01`]: false,
        [`01-${"0".repeat(32)}-${spanId}-01`]: false,
        [`01-${traceId}-${"0".repeat(16)}-01`]: false,
      };
      for (const [traceparent, isRead] of Object.entries(given)) {
        const [row] = await sql`
          select ${sql(schema)}.enqueue('orders', '1', traceparent => ${traceparent}) as id`;
        const stored = await queue.get(row?.id);
        assert.equal(stored?.traceparent, isRead ? traceparent : undefined, traceparent);
        assert.equal(stored?.traceId === traceId, isRead, traceparent);
      }
      await assert.rejects(
        sql`select ${sql(schema)}.enqueue('orders', '1', trace_id => ${"0".repeat(32)})`,
        /A trace id must have a digit other than 0: got '0{8}-/,
      );
    });

    test("ignores a malformed traceparent and refuses bad names in a sentence", async () => {
      const schema = newSchema();
      await using queue = await openShop(schema);
      await using sql = client();
      const [row] = await sql`
      select ${
        sql(schema)
      }.enqueue('orders', '1', traceparent => '00-zz-1-01', delay => '1 hour') as id`;
      const stored = await queue.get(row?.id);
      assert.deepEqual([stored?.traceparent, stored?.status], [undefined, "scheduled"]);
      assert.match(stored?.traceId ?? "", /^[0-9a-f]{32}$/);
      await assert.rejects(
        sql`select ${sql(schema)}.enqueue('a b', '1')`,
        /A queue name must be a letter or digit, .* got 'a b'/,
      );
      await assert.rejects(
        sql`select ${sql(schema)}.enqueue('orders', '1', correlation_id => ${"a\u0007b"})`,
        /A correlation id must be 1 to 255 characters/,
      );
    });
  });

  describe("clients", () => {
    test("may be the application's own, which stays open, or a function that makes one for each call", async () => {
      const schema = newSchema();
      await using sql = client();
      const own = new JobQueue<Shop, Sql>({
        store: await postgres(sql as unknown as Sql, { schema }),
      });
      await own.enqueue("orders", { id: "1" });
      await own.close();
      assert.equal((await sql`select 1 as one`)[0]?.one, 1);
      let made = 0;
      const factory = () => {
        made++;
        return pg(database.url, {
          max: 1,
          fetch_types: false,
          onnotice: () => {},
        }) as unknown as Sql;
      };
      const each = new JobQueue<Shop, Sql>({
        store: await postgres(factory, { schema, migrate: false }),
      });
      assert.equal((await each.worker("orders", () => {}).tick()).completed, 1);
      assert.ok(made >= 3);
    });

    test("that are not there are refused", async () => {
      await assert.rejects(postgres(undefined as never), /^TypeError: postgres\(\) needs a URL/);
      await assert.rejects(
        postgres(database.url, { schema: "Bad-Name" }),
        /^RangeError: A schema must be/,
      );
    });

    test("that cannot connect are a clear error within the definedFields time, without the password", async () => {
      await assert.rejects(
        postgres("postgres://user:secret@127.0.0.1:1/shop", { connectTimeoutMs: 300 }),
        (error: Error) => {
          assert.ok(
            error instanceof StoreUnavailableError,
            `${error} ${(error as { code?: string }).code}`,
          );
          assert.match(error.message, /^Postgres was not reached within 300 ms: /);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    });
  });

  describe("the schema", () => {
    test("is the same when ten stores make it at once, and when it was applied from the printed SQL", async () => {
      const schema = newSchema();
      const stores = await Promise.all(
        Array.from({ length: 10 }, () => postgres(database.url, { schema })),
      );
      await Promise.all(stores.map((store) => store.close()));
      await using sql = client();
      const [applied] = await sql`select count(*)::int as steps from ${sql(schema)}.migrations`;
      assert.equal(applied?.steps, 1);
      const printed = newSchema();
      await using alone = client(1);
      await alone.unsafe(postgresMigrations(printed)).simple();
      const store = await postgres(database.url, { schema: printed, migrate: false });
      await store.close();
    });

    test("must be there when it is not to be made", async () => {
      await assert.rejects(
        postgres(database.url, { schema: "not_there", migrate: false }),
        /The Postgres schema "not_there" must have version 1: got none/,
      );
    });

    test("of a newer version still serves this one when it only adds, else it is refused in a sentence", async () => {
      const schema = newSchema();
      await (await openShop(schema)).close();
      await using sql = client();
      await sql`insert into ${sql(schema)}.migrations (version, requires) values (2, 1)`;
      for (const table of ["enqueued", "ready", "claims", "ended"]) {
        await sql`alter table ${sql(schema)}.${sql(table)} add column added_later text`;
      }
      await using old = await openShop(schema);
      await old.enqueue("orders", { id: "1" });
      assert.equal((await old.worker("orders", () => {}).tick()).completed, 1);
      await sql`insert into ${sql(schema)}.migrations (version, requires) values (3, 3)`;
      await assert.rejects(
        openShop(schema),
        /must be one that version 1 can work with: got version 3, which needs 3. Update hammerwork/,
      );
    });
  });

  describe("workers of different processes", () => {
    test("are woken by an enqueue elsewhere, long before they would ask again", async () => {
      const schema = newSchema();
      await using here = await openShop(schema);
      await using there = await openShop(schema);
      let ran = () => {};
      const done = new Promise<void>((resolve) => ran = resolve);
      await using worker = there.worker("orders", () => ran(), {
        pollMs: 60_000,
        maintenanceMs: 60_000,
      });
      const run = worker.run();
      await new Promise((resolve) => setTimeout(resolve, 300)); // until it listens
      await here.enqueue("orders", { id: "1" });
      await done;
      await worker.stop();
      assert.equal((await run).completed, 1);
    });

    test("that have nothing to do ask at most once a second", async () => {
      const schema = newSchema();
      await using sql = client();
      let asked = 0;
      const counting: Sql = {
        unsafe: (...args) => {
          asked++;
          return (sql as unknown as Sql).unsafe(...args);
        },
      };
      const queue = new JobQueue<Shop, Sql>({ store: await postgres(counting, { schema }) });
      await using worker = queue.worker("orders", () => {});
      const run = worker.run();
      await new Promise((resolve) => setTimeout(resolve, 1_300)); // the quick asks of the beginning
      asked = 0;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await worker.stop();
      await run;
      assert.ok(asked <= 4, `${asked} in three seconds`);
    });
  });

  describe("health", () => {
    test("has each queue's depth, its oldest waiting job, and what keeps vacuum from its work", async () => {
      await using queue = await openShop();
      await using sql = client();
      await queue.enqueue("orders", { id: "1" });
      await queue.enqueue("orders", { id: "2" }, { delayMs: 60_000 });
      await queue.enqueue("emails", { to: "a@example.com" }, { delayMs: 60_000 });
      await sql.begin(async (transaction) => {
        await transaction`set transaction isolation level repeatable read`;
        await transaction`select count(*) from pg_class`;
        const { queues, vacuumBlocker } = await queue.store.health();
        assert.deepEqual((await queue.stats()).vacuumBlocker?.name, vacuumBlocker?.name);
        const [emails, orders] = queues;
        assert.deepEqual({ ...orders, oldestReadyMs: 0 }, {
          queueName: "orders",
          ready: 1,
          running: 0,
          waiting: 1,
          oldestReadyMs: 0,
        });
        assert.ok(orders!.oldestReadyMs! >= 0 && orders!.oldestReadyMs! < 10_000);
        assert.deepEqual([emails?.waiting, emails?.oldestReadyMs], [1, undefined]);
        assert.equal(vacuumBlocker?.kind, "session");
        assert.ok(Number(vacuumBlocker?.name) > 0);
      });
    });
  });
});
