/** Blocks of the documentation are programs: none may find what another one has left behind. */

import { context, metrics, propagation, trace } from "@opentelemetry/api";
import process from "node:process";
import { afterEach, beforeEach } from "node:test";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "../postgres/database.ts";

export { whyNoDatabase };

/** Each test of the suite gets no OpenTelemetry of another one, and an empty database if any. */
export function asOnItsOwn(usesDatabase: boolean): void {
  afterEach(() => {
    for (const registry of [trace, metrics, propagation, context]) registry.disable();
  });
  if (!usesDatabase || whyNoDatabase !== false) return;
  const { DATABASE_URL } = process.env;
  let database: TestDatabase;
  beforeEach(async () => {
    database = await openTestDatabase(DATABASE_URL);
    process.env.DATABASE_URL = database.url;
  });
  afterEach(async () => {
    if (DATABASE_URL === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = DATABASE_URL;
    await database.drop();
  });
}
