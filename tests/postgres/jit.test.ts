/** On Debian, PostgreSQL compiles what it expects to be dear. That takes longer than any statement here. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { postgres } from "../../src/store/postgres.ts";
import { describeActingOnMany } from "../conformance/acting_on_many.ts";
import { describeDependencies } from "../conformance/dependencies.ts";
import { describeDependencyFailures } from "../conformance/dependency_failures.ts";
import { describeOperations } from "../conformance/status_table.ts";
import { describeLeases } from "../conformance/leases.ts";
import { describeRetention } from "../conformance/retention.ts";
import { testsOf } from "../conformance/fixture.ts";
import { describeThroughQueue } from "../conformance/through_queue.ts";
import { describeTraceEnds } from "../conformance/trace_ends.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { type EmptiedStores, emptiedStores } from "./emptied_stores.ts";
import { type PlanTeller, planTeller } from "./plan_teller.ts";
import { type Server, startServer } from "./server.ts";
import { compilingPrograms, whyNoCompilingServer } from "./server_programs.ts";

const themes = [
  describeDependencies,
  describeDependencyFailures,
  describeOperations,
  describeLeases,
  describeRetention,
  describeThroughQueue,
  describeTraceEnds,
  describeActingOnMany,
];

describe("a server that compiles statements", { skip: whyNoCompilingServer() }, () => {
  let server: Server;
  let teller: PlanTeller;
  let stores: EmptiedStores;
  before(async () => {
    server = await startServer({ programs: compilingPrograms() });
    teller = planTeller(server.url, { insideFunctions: true });
    stores = emptiedStores(teller.sql);
  });
  after(async () => {
    await stores.end();
    await server[Symbol.asyncDispose]();
  });

  for (const describeTheme of themes) describeTheme(testsOf((options) => stores.open(options)));

  test("compiles none of a store's", async () => {
    const [{ compiles } = {}] = await teller.sql`
      select pg_jit_available() and current_setting('jit')::boolean as compiles`;
    assert.equal(compiles, true);
    // It was expected to be dear: the functions forbid the planner what it would like.
    assert.ok(teller.statements.some(({ cost }) => cost > 1e9));
    const compiled = teller.statements.filter(({ isCompiled }) => isCompiled);
    assert.deepEqual([...new Set(compiled.map(({ text }) => text))], []);
  });
});

describe("a function in the server", { skip: whyNoDatabase }, () => {
  test("is never compiled, if it asks a table", async () => {
    await using database = await openTestDatabase();
    await (await postgres(database.url)).close();
    await using teller = planTeller(database.url);
    const functions = await teller.sql<{ name: string; settings: string[] | null }[]>`
      select proname as name, proconfig as settings from pg_proc
      where pronamespace = 'hammerwork'::regnamespace
        and prosrc ~ 'hammerwork"?[.]'`;
    assert.ok(functions.length > 5, `${functions.length}`);
    const compiled = functions.filter(({ settings }) => !`${settings}`.includes("jit=off"));
    assert.deepEqual(compiled.map(({ name }) => name), []);
  });
});
