import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { startProgram } from "../sqlite/workers/start_program.ts";
import { allCompleted } from "./completed.ts";
import { openTestDatabase } from "./database.ts";
import { audit, enqueueUntil } from "./enqueue_ledger.ts";
import type { CloseStore } from "./programs/close_store.ts";
import { startServer } from "./server.ts";
import { whyNoServer } from "./server_programs.ts";
import { within } from "./within.ts";
import { workforce } from "./workforce.ts";

const timeout = 120_000;
const downMs = 1_500;

describe("a server that stops and starts in the middle of a run", { skip: whyNoServer() }, () => {
  for (const mode of ["fast", "immediate"] as const) {
    const how = mode === "fast" ? "in good order" : "as in a crash";
    test(`loses nothing when it stops ${how}`, { timeout }, async (t) => {
      await using server = await startServer();
      await using database = await openTestDatabase(server.url);
      const { url } = database;
      await using queue = new JobQueue({ store: await postgres(url) });
      const limits = { leaseMs: 2_000, handlerMs: 20 };
      await using workers = workforce({ url, queueNames: ["orders"], ...limits });
      await workers.start(3);
      const enough = new AbortController();
      const enqueuing = enqueueUntil(enough.signal, queue, "orders");
      await setTimeout(2_000);
      await server.stop(mode);
      await setTimeout(downMs);
      const upAt = Date.now();
      await server.start();
      await setTimeout(2_000);
      enough.abort();
      const ledger = await enqueuing;
      const { errors, storedUnknown } = await audit(queue, ledger);
      const stored = ledger.stored.length + storedUnknown.length;
      await allCompleted(queue, stored, 60_000);
      await workers.stop();

      const [starts, completions] = [workers.notes("start"), workers.notes("complete")];
      const before = completions.filter(({ at }) => at < upAt - downMs).length;
      const firstAfter = Math.min(...starts.filter(({ at }) => at > upAt).map(({ at }) => at));
      t.diagnostic(
        `${ledger.stored.length} jobs stored, ${ledger.refused.length} calls refused, the slowest took ` +
          `${Math.round(ledger.slowestMs)} ms: ` +
          JSON.stringify(Object.fromEntries(errors)),
      );
      t.diagnostic(
        `${stored} jobs completed in ${starts.length} runs, ${before} of them before the stop; ` +
          `at work again ${firstAfter - upAt} ms after the start`,
      );
      // Those behind a call whose answer is lost wait until that is known.
      const isFelt = ledger.refused.length > 0 || ledger.slowestMs >= downMs;
      assert.ok(isFelt, `It must have been felt: the slowest call took ${ledger.slowestMs} ms`);
      assert.ok(before > 0 && before < stored, "It must have been in the middle");
    });
  }

  test("keeps no process that closes its store while it is down", { timeout }, async (t) => {
    await using server = await startServer();
    await using database = await openTestDatabase(server.url);
    await using programs = new AsyncDisposableStack();
    const path = new URL("./programs/close_store.ts", import.meta.url).href;
    const argument = { url: database.url } satisfies CloseStore;
    const all = [1, 2, 3].map(() => programs.use(startProgram(path, argument)));
    await Promise.all(all.map(({ said }) => said("ready")));
    await server.stop("immediate");
    await setTimeout(downMs);
    const begunAt = performance.now();
    for (const { signal } of all) signal("SIGTERM");
    await setTimeout(100);
    await server.start();
    await within(15_000, Promise.all(all.map(({ ended }) => ended())));
    t.diagnostic(`ended ${Math.round(performance.now() - begunAt)} ms after they were told to`);
  });
});
