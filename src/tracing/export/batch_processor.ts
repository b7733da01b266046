/**
 * From the end of a span to a batch on its way. A worker waits for nothing of it: its span is put
 * into a queue, and a timer's turn encodes and sends. OpenTelemetry's own batch processor drops the
 * newest spans when its queue is full and counts none of them.
 *
 * @module
 */
import { sleep, startTimer, type TimerOptions, withTimeLimit } from "../../timers.ts";
import { type Deadline, deadlineIn } from "./deadline.ts";
import { Losses } from "./losses.ts";
import type { ReadableSpan } from "./readable_span.ts";
import type { SendSpans } from "./sender.ts";
import { SpanQueue } from "./span_queue.ts";

/** The limits of a batch processor; the defaults are the OpenTelemetry specification's. */
export interface BatchLimits {
  /** How long a span waits for others, in ms. @default {5_000} */
  readonly scheduleDelayMs?: number | undefined;
  /**
   * How many spans wait at most; of more the oldest are sent, or dropped where nothing more can be on
   * its way. @default {2_048}
   */
  readonly maxQueueSize?: number | undefined;
  /** How many spans one request carries at most. @default {512} */
  readonly maxBatchSize?: number | undefined;
  /** How long one batch may take, with all its retries, and a flush. @default {10_000} */
  readonly timeoutMs?: number | undefined;
}

interface Batch {
  /** The place of its first span among all that were ever queued. */
  readonly first: number;
  readonly size: number;
  readonly deadline: Deadline;
  readonly done: Promise<void>;
}

// Waiting for spans alone must not keep a process running.
const BACKGROUND: TimerOptions = { keepsAlive: false };
// As many connections as workerd gives one request. More would only wait at the collector.
const MOST_IN_FLIGHT = 6;
// In one turn of the event loop, in which no answer can arrive: about 30 MB of full batches.
const MOST_IN_A_TURN = 64;
// Short against the time a request takes, so that a free place is not missed for long.
const PLACE_CHECK_MS = 10;
// A batch ends at its deadline by itself, and a timer at its time. What is later than this will never
// come: in workerd both die with the request that began them.
const LATE_MS = 500;

/** A `SpanProcessor` for the providers of every SDK line. None of its calls throws or rejects. */
export class BatchProcessor {
  readonly losses: Losses;
  readonly #send: SendSpans;
  readonly #scheduleDelayMs: number;
  readonly #maxBatchSize: number;
  readonly #timeoutMs: number;
  readonly #queue: SpanQueue;
  readonly #inFlight = new Set<Batch>();
  #cancelWake = () => {};
  #wakesAtMs = Infinity;
  #startedInTurn = 0;
  #isShutDown = false;

  /** @param say told in a sentence that spans were lost, once in each outage. */
  constructor(send: SendSpans, say: (sentence: string) => void, limits: BatchLimits = {}) {
    this.losses = new Losses(say);
    this.#send = send;
    this.#scheduleDelayMs = limits.scheduleDelayMs ?? 5_000;
    this.#timeoutMs = limits.timeoutMs ?? 10_000;
    this.#queue = new SpanQueue(limits.maxQueueSize ?? 2_048);
    this.#maxBatchSize = Math.min(limits.maxBatchSize ?? 512, this.#queue.capacity);
  }

  /** A span that begins is of no interest. */
  onStart(): void {}

  /** Queues a span that is sampled. */
  onEnd(span: ReadableSpan): void {
    if (this.#isShutDown || (span.spanContext().traceFlags & 1) === 0) return;
    if (this.#queue.length === this.#queue.capacity) this.#sendInTurn();
    if (this.#queue.add(span)) this.losses.countDropped();
    if (this.#queue.length === this.#maxBatchSize) this.#wakeIn(0);
    else if (this.#queue.length === 1 || this.#isWakeDead()) this.#wakeIn(this.#scheduleDelayMs);
  }

  /** Sends what was queued before this call and waits for it, within the timeout. */
  async forceFlush(): Promise<void> {
    const last = this.#queue.added;
    const deadline = deadlineIn(this.#timeoutMs);
    while (deadline.leftMs() > 0) {
      this.#start(1, deadline);
      if (this.#queue.removed >= last) break;
      // By its own timer, because in workerd nothing may wait for what another request has begun.
      await sleep(PLACE_CHECK_MS, BACKGROUND);
    }
    for (const batch of [...this.#inFlight].filter(({ first }) => first < last)) {
      const leftMs = Math.min(deadline.leftMs(), batch.deadline.leftMs());
      await withTimeLimit(leftMs + LATE_MS, batch.done, BACKGROUND);
    }
  }

  /** Sends what is queued; what ends from now on, or could not be sent by then, is lost. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#cancelWake();
    await this.forceFlush();
    // A timer that is late does not say in time that theirs is over.
    this.#giveUp("a batch did not arrive in time", 0);
    const lostSpans = this.#queue.take(Infinity).length;
    if (lostSpans > 0) {
      this.losses.batchEnded({ lostSpans, sentence: "tracing was shut down with no time left" });
    }
  }

  /**
   * In a burst that gives no timer its turn, what would be dropped is sent on the spot. What was begun
   * in the same turn says nothing about the collector, so only what is under way for longer counts.
   */
  #sendInTurn(): void {
    this.#forgetDead();
    const older = this.#inFlight.size - this.#startedInTurn;
    if (older >= MOST_IN_FLIGHT || this.#startedInTurn >= MOST_IN_A_TURN) return;
    if (this.#startedInTurn === 0) {
      try {
        startTimer(0, () => this.#startedInTurn = 0, BACKGROUND);
      } catch {
        return; // In workerd outside a request nothing can be sent either.
      }
    }
    this.#startedInTurn++;
    this.#startBatch(deadlineIn(this.#timeoutMs));
  }

  #wakeIn(ms: number): void {
    try {
      this.#cancelWake();
      this.#cancelWake = startTimer(ms, () => this.#wake(ms), BACKGROUND);
      this.#wakesAtMs = performance.now() + ms;
    } catch {
      // In workerd there are no timers outside a request: the next span tries again.
      this.#wakesAtMs = -Infinity;
    }
  }

  #isWakeDead(): boolean {
    return performance.now() > this.#wakesAtMs + LATE_MS;
  }

  #wake(waitedMs: number): void {
    this.#wakesAtMs = Infinity;
    // Spans beyond a full batch have not waited for others yet.
    this.#start(waitedMs === 0 ? this.#maxBatchSize : 1);
    if (this.#queue.length > 0) this.#wakeIn(this.#scheduleDelayMs);
  }

  /** Starts every batch for which there are spans and a place. */
  #start(leastSize: number, deadline?: Deadline): void {
    this.#forgetDead();
    while (this.#queue.length >= leastSize && this.#inFlight.size < MOST_IN_FLIGHT) {
      this.#startBatch(deadline ?? deadlineIn(this.#timeoutMs));
    }
  }

  #startBatch(deadline: Deadline): void {
    const first = this.#queue.removed;
    const spans = this.#queue.take(this.#maxBatchSize);
    const done = this.#send(spans, deadline).then((sent) => {
      // What was given up is counted already.
      if (!this.#inFlight.delete(batch)) return;
      this.losses.batchEnded(sent);
      // A shutdown starts the last ones itself, within its own time.
      if (!this.#isShutDown) this.#start(this.#maxBatchSize);
    });
    const batch: Batch = { first, size: spans.length, deadline, done };
    this.#inFlight.add(batch);
  }

  /** In workerd a batch dies with its request and never says so. */
  #forgetDead(): void {
    this.#giveUp(
      "the request that was to send them ended first: hand forceFlush to waitUntil",
      LATE_MS,
    );
  }

  /** Counts the batches as lost whose time has been over for so long. */
  #giveUp(sentence: string, lateMs: number): void {
    for (const batch of this.#inFlight) {
      if (batch.deadline.leftMs() > -lateMs) continue;
      this.#inFlight.delete(batch);
      this.losses.batchEnded({ lostSpans: batch.size, sentence });
    }
  }
}
