/** What holds beside another SDK that has registered its tracer, by what its backend gets. */

import type { trace as traceApi } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type * as hammerwork from "../../../mod.ts";
import type { ArrivedSpan } from "./arrived_span.ts";
import { openStandIn, type StandIn } from "./stand_in.ts";

/** Another SDK. */
export interface OtherSdk {
  readonly title: string;
  /** Which calls of a handler it makes spans of. */
  readonly calls: readonly ("fetch" | "http")[];
  /** Sets it up, before anything else is loaded that it looks into, and opens its backend. */
  readonly setUp: (openBackend: () => Promise<StandIn>) => Promise<Running>;
}

/** An SDK that was set up. */
export interface Running {
  /** Sends what it holds. */
  readonly flush: () => Promise<unknown>;
  /** The spans that arrived so far. */
  readonly arrived: () => readonly ArrivedSpan[];
}

type Library = typeof hammerwork;
type Queue = hammerwork.JobQueue<Record<string, unknown>>;

/** Registers the tests. */
export function proveBeside({ title, calls, setUp }: OtherSdk): void {
  describe(`beside ${title}`, { timeout: 60_000 }, () => {
    let backend: StandIn;
    let sdk: Running;
    let library: Library;
    let trace: typeof traceApi;
    let queue: Queue;

    before(async () => {
      sdk = await setUp(async () => backend = await openStandIn());
      library = await import("../../../mod.ts");
      ({ trace } = await import("@opentelemetry/api"));
    });
    after(() => backend.close());

    const newQueue = () => queue = new library.JobQueue({ store: library.memory() });

    /** The spans of jobs of these queues, once so many are there. */
    async function spansOf(queueNames: readonly string[], count: number) {
      const isOurs = ({ name }: ArrivedSpan) =>
        queueNames.some((queueName) => name.endsWith(` ${queueName}`));
      for (let patience = 200;; patience--) {
        await sdk.flush();
        const spans = sdk.arrived().filter(isOurs);
        if (spans.length >= count || patience === 0) {
          assert.equal(spans.length, count, `${count} spans expected: got ${names(spans)}`);
          return spans;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }

    async function inSpan(name: string, call: () => Promise<void>): Promise<void> {
      await trace.getTracer("user").startActiveSpan(name, async (span) => {
        try {
          await call();
        } finally {
          span.end();
        }
      });
    }

    test("each job that is enqueued outside of any span is a trace of its own", async () => {
      newQueue();
      for (let i = 0; i < 6; i++) await queue.enqueue("alone", i);
      await queue.worker("alone", () => {}).tick();
      const spans = await spansOf(["alone"], 12);
      assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 6);
      const sends = spans.filter(({ name }) => name === "send alone");
      assert.equal(sends.length, 6);
      assert.ok(sends.every(isRoot));
      for (const process of spans.filter(({ name }) => name === "process alone")) {
        const [send] = sends.filter(({ traceId }) => traceId === process.traceId);
        assert.equal(process.parentId, send!.spanId);
      }
    });

    test("what is enqueued and run within a span joins its trace, and no span is lost", async () => {
      newQueue();
      await inSpan("POST /orders", async () => {
        const payment = library.job("payment", 1);
        await queue.enqueue([payment, library.job("mail", 1, { dependsOn: [payment] })]);
        await queue.enqueue("stock", 1);
        const pool = new library.WorkerPool(
          ["payment", "mail", "stock"].map((name) =>
            queue.worker(name, async () => {
              if (name === "stock") await queue.enqueue("shelf", 1);
            })
          ),
        );
        await pool.tick();
      });
      await queue.worker("shelf", () => {}).tick();
      const queueNames = ["payment", "mail", "stock", "shelf"];
      const spans = await spansOf(queueNames, 8);
      const all = sdk.arrived().filter(({ traceId }) => traceId === spans[0]!.traceId);
      const one = (name: string) => {
        const found = all.filter((span) => span.name === name);
        assert.equal(found.length, 1, `one "${name}" in: ${names(all)}`);
        return found[0]!;
      };
      const assertBelow = (name: string, parent: string) =>
        assert.equal(one(name).parentId, one(parent).spanId, `"${name}" below "${parent}"`);
      assert.ok(isRoot(one("POST /orders")));
      assertBelow("send", "POST /orders");
      for (const name of ["payment", "mail"]) {
        assertBelow(`create ${name}`, "send");
        assertBelow(`process ${name}`, `create ${name}`);
      }
      assertBelow("send stock", "POST /orders");
      assertBelow("process stock", "send stock");
      assertBelow("send shelf", "process stock");
      assertBelow("process shelf", "send shelf");
    });

    test(`the calls of a handler, by ${calls.join(" and ")}, hang below its attempt`, async () => {
      newQueue();
      const http = await import("node:http");
      const base = `http://127.0.0.1:${backend.port}`;
      for (const name of ["first", "second"]) await queue.enqueue("caller", name);
      await queue.worker("caller", async ({ payload }) => {
        await (await fetch(`${base}/fetch/${payload}`)).text();
        await new Promise<void>((resolve, reject) => {
          http.get(`${base}/http/${payload}`, (response) => {
            response.resume().on("end", resolve);
          }).on("error", reject);
        });
      }).tick();
      const spans = await spansOf(["caller"], 4);
      const attempts = spans.filter(({ name }) => name === "process caller");
      for (const call of calls) {
        const called = ["first", "second"].map((name) => {
          const found = sdk.arrived().filter(({ calledPath }) => calledPath === `/${call}/${name}`);
          assert.equal(found.length, 1, `one call of /${call}/${name}`);
          return found[0]!;
        });
        assert.deepEqual(
          called.map(({ parentId, traceId }) => `${traceId} ${parentId}`).sort(),
          attempts.map(({ spanId, traceId }) => `${traceId} ${spanId}`).sort(),
        );
      }
    });
  });
}

function isRoot({ parentId }: ArrivedSpan): boolean {
  return parentId === undefined || /^0*$/.test(parentId);
}

function names(spans: readonly ArrivedSpan[]): string {
  return spans.map(({ name }) => name).join(", ");
}
