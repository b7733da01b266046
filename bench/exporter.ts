/**
 * Our exporter beside the stock one: CPU and memory for a full batch of a worker's spans, encoded, and
 * encoded and sent to a collector in another process.
 *
 * @module
 */
import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { JobQueue, memory } from "../mod.ts";
import { deadlineIn } from "../src/timers.ts";
import { encodeSpans, otlp, recycleSpans } from "../src/tracing/export/otlp/protocol.ts";
import { newSender } from "../src/tracing/export/sender.ts";
import { initTracing } from "../src/tracing.ts";
import { answerOf } from "./child_answer.ts";
import { startSink } from "./sink.ts";

const SPANS = 512;
const BATCHES = 20;
const WARM_UP = 10;

/** What is done with a batch. */
export const works = ["encode", "encode and send"] as const;

/** Whose exporter. */
export const exporters = ["ours", "stock"] as const;

/** What is done with a batch. */
export type Work = typeof works[number];

/** Whose exporter. */
export type Exporter = typeof exporters[number];

/** What one batch took, round by round. */
export interface BatchCost {
  readonly work: Work;
  readonly exporter: Exporter;
  /** Microseconds of CPU. */
  readonly micros: readonly number[];
  /** Bytes allocated. Ours uses the memory of one body after the other. */
  readonly bytes: readonly number[];
}

type Tries = Readonly<Record<Work, Readonly<Record<Exporter, () => unknown>>>>;

/** What is read of a process. Each needs one that is set up for it. */
type Reading = "micros" | "bytes";

const flags: Readonly<Record<Reading, readonly string[]>> = {
  // As everybody runs it.
  micros: [],
  // So large a young generation that nothing is collected meanwhile: then the heap tells it all.
  bytes: ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"],
};

/** Measures both exporters, in turns, in as many rounds after those that do not count. */
export async function measureExporters(
  rounds: number,
  warmUp: number = WARM_UP,
): Promise<readonly BatchCost[]> {
  const sink = await startSink();
  try {
    const micros = await measureInTurns("micros", sink.endpoint, { rounds, warmUp });
    const bytes = await measureInTurns("bytes", sink.endpoint, { rounds, warmUp });
    return each.map((one, i) => ({ ...one, micros: micros[i]!, bytes: bytes[i]! }));
  } finally {
    await sink.stop();
  }
}

const each = works.flatMap((work) => exporters.map((exporter) => ({ work, exporter })));

/** Each in a process of its own: in one, the collector would make each pay for the others' garbage. */
async function measureInTurns(
  reading: Reading,
  endpoint: string,
  { rounds, warmUp }: Readonly<{ rounds: number; warmUp: number }>,
): Promise<readonly (readonly number[])[]> {
  const children = each.map(({ work, exporter }) =>
    fork(fileURLToPath(import.meta.url), ["--measure", reading, work, exporter, endpoint], {
      execArgv: [...flags[reading]],
    })
  );
  try {
    await Promise.all(children.map(answerOf));
    const costs = each.map((): number[] => []);
    for (let round = -warmUp; round < rounds; round++) {
      for (const [i, child] of children.entries()) {
        child.send("measure");
        const cost = await answerOf<number>(child);
        if (round >= 0) costs[i]!.push(cost);
      }
    }
    return costs;
  } finally {
    for (const child of children) child.kill();
  }
}

async function answerRequests(
  reading: Reading,
  work: Work,
  exporter: Exporter,
  endpoint: string,
): Promise<void> {
  const doIt = newTries(await processSpans(), `${endpoint}/v1/traces`)[work][exporter];
  const read = reading === "micros" ? microsOf : bytesOf;
  process.on("message", async () => process.send!(await read(doIt)));
  process.send!(0);
}

function newTries(spans: readonly ReadableSpan[], url: string): Tries {
  const send = newSender({ url, protocol: otlp });
  const stock = new OTLPTraceExporter({ url });
  return {
    "encode": { ours: () => recycleSpans(encodeSpans(spans)), stock: () => stockEncoded(spans) },
    "encode and send": {
      ours: async () => {
        const { lostSpans } = await send(spans, deadlineIn(10_000));
        if (lostSpans > 0) throw new Error(`${SPANS} spans were expected to arrive`);
      },
      stock: () => stockSent(stock, spans),
    },
  };
}

async function microsOf(work: () => unknown): Promise<number> {
  await work();
  const before = process.cpuUsage();
  for (let batch = 0; batch < BATCHES; batch++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / BATCHES;
}

/** Of one batch alone: the memory of several bodies would call the collector. */
async function bytesOf(work: () => unknown): Promise<number> {
  (globalThis as { gc?: () => void }).gc?.();
  await work();
  const before = allocatedBytes();
  await work();
  return allocatedBytes() - before;
}

function allocatedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function stockEncoded(spans: readonly ReadableSpan[]): Uint8Array | undefined {
  return JsonTraceSerializer.serializeRequest([...spans]);
}

function stockSent(exporter: OTLPTraceExporter, spans: readonly ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) =>
    exporter.export(
      spans as unknown as Parameters<OTLPTraceExporter["export"]>[0],
      ({ code, error }) => code === 0 ? resolve() : reject(error),
    )
  );
}

/** The spans of a worker, as the SDK makes them. */
async function processSpans(): Promise<readonly ReadableSpan[]> {
  const spans: ReadableSpan[] = [];
  const tracing = await initTracing({
    serviceName: "exporter",
    samplingRatio: 1,
    env: {},
    spanProcessors: [{
      onStart: () => {},
      onEnd: (span) => void (span.name.startsWith("process") && spans.push(span)),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    }],
  });
  const queue = new JobQueue({ store: memory() });
  for (let n = 0; n < SPANS; n++) {
    await queue.enqueue("email_queue", { n }, { correlationId: `order-${n}` });
  }
  await queue.worker("email_queue", () => {}).tick();
  await tracing.shutdown();
  return spans;
}

if (process.argv[2] === "--measure") {
  const [reading, work, exporter, endpoint] = process.argv.slice(3) as [
    Reading,
    Work,
    Exporter,
    string,
  ];
  await answerRequests(reading, work, exporter, endpoint);
}
