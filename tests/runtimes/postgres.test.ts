import { after, before, describe } from "node:test";
import { describeStore } from "../conformance/suite.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "../postgres/database.ts";
import { type EmptiedStores, emptiedStores } from "../postgres/emptied_stores.ts";

describe("on a real server", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let stores: EmptiedStores;
  before(async () => {
    database = await openTestDatabase();
    stores = emptiedStores(database.url);
  });
  after(async () => {
    await stores.end();
    await database.drop();
  });

  // A level of a chain is a round of statements in the server, not a loop in memory.
  describeStore("the Postgres store", (options) => stores.open(options), { chainLength: 500 });
});
