/**
 * `hammerwork migrate`.
 *
 * @module
 */
import { postgresMigrations } from "../store/postgres.ts";
import { sqliteMigrations } from "../store/sqlite.ts";
import type { Command } from "./command.ts";
import { asUsage } from "./errors.ts";
import { openStore, placeOf } from "./open_queue.ts";
import { printJson } from "./print.ts";

/** Makes or updates the schema. */
export const migrate: Command = {
  name: "migrate",
  summary: "Makes the store's schema, or updates it.",
  options: {
    print: { help: "print the SQL of the whole schema instead" },
  },
  notes: "No other command makes a file or a schema. It can be repeated. --print connects\n" +
    "to nothing. --json prints { migrated } or { sql }.",
  examples: [
    "migrate --url jobs.db",
    "migrate --print --url postgres://localhost/shop > schema.sql",
  ],
  run: async (given, io) => {
    const place = placeOf(given, io);
    if (given.has("print")) {
      const sql = place.kind === "sqlite"
        ? sqliteMigrations()
        : asUsage("--schema", () => postgresMigrations(place.schema));
      return given.has("json") ? await printJson(io.stdout, { sql }) : await io.stdout.write(sql);
    }
    await (await openStore(place, true)).close();
    if (given.has("json")) return await printJson(io.stdout, { migrated: true });
    await io.stdout.write("The schema is there, as this version needs it\n");
  },
};
