import { join } from "node:path";
import { sqlite } from "../../src/store/sqlite.ts";
import { describeStore } from "../conformance/store.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

describeStore("the SQLite store", async (options) => {
  const folder = temporaryFolder();
  const store = await sqlite(join(folder.path, "jobs.db"), options);
  return {
    store,
    close: async () => {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
});
