import { join } from "node:path";
import { sqlite } from "../../src/store/sqlite.ts";
import { describeSlowStore } from "../slow_store_worker.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

describeSlowStore("a SQLite file", async (options) => {
  const folder = temporaryFolder();
  const store = await sqlite(join(folder.path, "jobs.db"), options);
  const close = async () => {
    await store.close();
    folder[Symbol.dispose]();
  };
  return { store, close };
});
