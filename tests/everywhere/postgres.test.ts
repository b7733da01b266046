import { after, before, describe } from "node:test";
import { postgres } from "../../src/store/postgres.ts";
import { describeStore } from "../conformance/store.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "../postgres/database.ts";

describe("on a real server", { skip: whyNoDatabase }, () => {
  // Stores share a database as they would share one with an application: each in its own schema.
  let database: TestDatabase;
  before(async () => {
    database = await openTestDatabase();
  });
  after(() => database.drop());

  describeStore("the Postgres store", async (options) => {
    const schema = `test_${crypto.randomUUID().replaceAll("-", "")}`;
    const store = await postgres(database.url, { ...options, schema });
    return { store, close: () => store.close() };
    // A level of a chain is a round of statements in the server, not a loop in memory.
  }, { chainLength: 500 });
});
