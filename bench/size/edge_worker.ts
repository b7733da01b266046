/**
 * A whole worker for workerd, whose size is reported: jobs in Postgres, an HTTP API, tracing, and a
 * tick each time the cron trigger fires. It is bundled, never run.
 *
 * @module
 */
import postgresClient from "postgres";
import { JobQueue } from "../../mod.ts";
import { bearerToken, jobRouter, type RouterPage } from "../../src/http.ts";
import { postgres } from "../../src/store/postgres.ts";
import { initTracing } from "../../src/tracing.ts";

interface Bindings {
  readonly DATABASE_URL: string;
  readonly API_TOKEN: string;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string;
}

interface Execution {
  waitUntil(work: Promise<unknown>): void;
}

/** What workerd calls. */
export interface EdgeWorker {
  fetch(request: Request, bindings: Bindings, execution: Execution): Promise<Response>;
  scheduled(event: unknown, bindings: Bindings, execution: Execution): Promise<void>;
}

/** The worker, with a page or without. */
export function edgeWorker(page?: RouterPage): EdgeWorker {
  let opened: ReturnType<typeof open> | undefined;
  return {
    async fetch(request, bindings, execution) {
      const { app, tracing } = await (opened ??= open(bindings, page));
      const response = await app.fetch(request);
      execution.waitUntil(tracing.forceFlush());
      return response;
    },
    async scheduled(_event, bindings, execution) {
      const { worker, tracing } = await (opened ??= open(bindings, page));
      await worker.tick({ budgetMs: 10_000 });
      execution.waitUntil(tracing.forceFlush());
    },
  };
}

async function open(bindings: Bindings, page: RouterPage | undefined) {
  const tracing = await initTracing({ serviceName: "edge-worker", env: { ...bindings } });
  const store = await postgres(() => postgresClient(bindings.DATABASE_URL), { prepare: false });
  const queue = new JobQueue({ store });
  const authorize = bearerToken({ write: bindings.API_TOKEN });
  const app = jobRouter(queue, { authorize, page });
  const worker = queue.worker("email_queue", () => {});
  return { app, tracing, worker };
}

const withoutPage: EdgeWorker = edgeWorker();

export default withoutPage;
