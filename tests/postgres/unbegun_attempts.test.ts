import { describe } from "node:test";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { testUnbegunAttempts } from "../unbegun_attempts.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { workforce } from "./workforce.ts";

describe("attempts that were lost on Postgres", { skip: whyNoDatabase }, () => {
  testUnbegunAttempts(async () => {
    const resources = new AsyncDisposableStack();
    const { url } = resources.use(await openTestDatabase());
    const queue = resources.use(new JobQueue({ store: await postgres(url) }));
    const workers = resources.use(workforce({ url, queueNames: ["orders"], leaseMs: 1_000 }));
    return {
      queue,
      start: async () => {
        const [worker] = await workers.start(1);
        const end = worker!.ended().catch(() => {});
        return {
          end,
          kill: () => {
            workers.kill(worker!);
            return end;
          },
          starts: () => worker!.notes().filter(({ what }) => what === "start").map(({ id }) => id),
        };
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  });
});
