import { join } from "node:path";
import { describe } from "node:test";
import { JobQueue } from "../../mod.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { testUnbegunAttempts } from "../unbegun_attempts.ts";
import { notesIn } from "./workers/run_record.ts";
import { startProgram } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

describe("attempts that were lost on a SQLite file", () => {
  testUnbegunAttempts(async () => {
    const folder = temporaryFolder();
    const resources = new AsyncDisposableStack();
    resources.defer(() => folder[Symbol.dispose]());
    const database = join(folder.path, "jobs.db");
    const queue = resources.use(new JobQueue({ store: await sqlite(database) }));
    let count = 0;
    return {
      queue,
      start: async () => {
        const record = join(folder.path, `worker ${count++}`);
        const work = { database, record, queueName: "orders", leaseMs: 1_000 };
        const program = resources.use(startProgram("work.ts", work));
        await program.said("ready");
        const end = program.ended().catch(() => {});
        return {
          end,
          kill: () => {
            program.signal("SIGKILL");
            return end;
          },
          starts: () => notesIn(record).filter(({ what }) => what === "start").map(({ id }) => id),
        };
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  });
});
