/** Stores of both kinds for the command line, each empty and with its schema. */

import { join } from "node:path";
import type { Store } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { openTestDatabase, whyNoDatabase } from "../postgres/database.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";

export interface Place extends AsyncDisposable {
  /** As `--url` takes it. */
  readonly url: string;
  /** Opens it by the library, with a clock of the test's own. */
  readonly open: (now?: () => number) => Promise<Store>;
}

export interface Kind {
  readonly title: string;
  readonly skip: string | false;
  readonly make: () => Promise<Place>;
}

export const onSqlite: Kind = {
  title: "SQLite",
  skip: false,
  make: async () => {
    const folder = temporaryFolder();
    const url = join(folder.path, "jobs.db");
    await (await sqlite(url)).close();
    return {
      url,
      open: (now) => sqlite(url, { now }),
      [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.dispose]()),
    };
  },
};

export const onPostgres: Kind = {
  title: "Postgres",
  skip: whyNoDatabase,
  make: async () => {
    const database = await openTestDatabase();
    await (await postgres(database.url)).close();
    return {
      url: database.url,
      open: (now) => postgres(database.url, { now }),
      [Symbol.asyncDispose]: () => database.drop(),
    };
  },
};

export const bothKinds: readonly Kind[] = [onSqlite, onPostgres];
