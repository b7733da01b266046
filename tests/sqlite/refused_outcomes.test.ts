import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe } from "node:test";
import { sqlite } from "../../src/store/sqlite.ts";
import { testRefusedOutcomes } from "../refused_outcomes.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

describe("a SQLite file that refuses a row", () => {
  testRefusedOutcomes(async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    const store = await sqlite(path);
    const database = new DatabaseSync(path);
    // deno-lint-ignore require-await
    const forbid = async (what: string, when: string) =>
      database.exec(
        `create trigger ${what} before update on hammerwork_jobs when ${when} ` +
          "begin select raise(abort, 'it is not allowed here'); end",
      );
    return {
      store,
      refuseResults: (word) => forbid("no_result", `new.result like '%${word}%'`),
      refuseEnds: (id) =>
        forbid("no_end", `old.id = '${id}' and old.status = 'running' and new.status <> 'running'`),
      [Symbol.asyncDispose]: async () => {
        database.close();
        await store.close();
        folder[Symbol.dispose]();
      },
    };
  });
});
