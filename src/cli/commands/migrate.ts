/**
 * `hammerwork migrate`.
 *
 * @module
 */
import { postgresMigrations } from "../../store/postgres.ts";
import { sqliteMigrations } from "../../store/sqlite.ts";
import type { Command } from "../command.ts";
import { asUsage } from "../errors.ts";
import { openStore, placeOf } from "../open_queue.ts";
import { printJson } from "../print.ts";

/** Creates or updates the schema. */
export const migrate: Command = {
  name: "migrate",
  summary: "Creates the schema of the store, or updates it.",
  options: {
    print: { help: "print the SQL instead, without connecting" },
  },
  notes: "An application does the same when it opens its store, unless it passes\n" +
    "migrate: false. --print is for databases in which only an administrator may\n" +
    "create a schema. The command can be repeated, and no other command creates a\n" +
    "file or a schema. --json prints { migrated } or { sql }.",
  examples: [
    "migrate --url jobs.db",
    "migrate --print --url postgres://localhost/shop > schema.sql",
  ],
  run: async (args, io) => {
    const place = placeOf(args, io);
    if (args.has("print")) {
      const sql = place.kind === "sqlite"
        ? sqliteMigrations()
        : asUsage("--schema", () => postgresMigrations(place.schema));
      return args.has("json") ? await printJson(io.stdout, { sql }) : await io.stdout.write(sql);
    }
    await (await openStore(place, true)).close();
    if (args.has("json")) return await printJson(io.stdout, { migrated: true });
    await io.stdout.write("The schema is up to date\n");
  },
};
