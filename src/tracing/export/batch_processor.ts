/**
 * Collects finished spans and sends them in batches. A span that ends is only queued; a timer encodes
 * and sends, so workers do not wait. OpenTelemetry's own batch processor drops the newest spans when
 * its queue is full, and does not count them.
 *
 * @module
 */
import {
  type Deadline,
  deadlineIn,
  sleep,
  startTimer,
  type TimerOptions,
  withTimeLimit,
} from "../../timers.ts";
import { Losses } from "./losses.ts";
import type { ReadableSpan } from "./readable_span.ts";
import type { SendSpans } from "./sender.ts";
import { SpanQueue } from "./span_queue.ts";

/** The limits of a batch processor; the defaults are the OpenTelemetry specification's. */
export interface BatchLimits {
  /** How long a span waits for others, in ms. @default {5_000} */
  readonly scheduleDelayMs?: number | undefined;
  /**
   * How many spans wait at most. When it is full, the oldest are sent at once, or dropped if enough
   * batches are in flight. @default {2_048}
   */
  readonly maxQueueSize?: number | undefined;
  /** How many spans one request has at most. @default {512} */
  readonly maxBatchSize?: number | undefined;
  /** How long one batch may take with all its retries, and how long a flush, in ms. @default {10_000} */
  readonly timeoutMs?: number | undefined;
}

interface Batch {
  /** The position of its first span among all that were ever queued. */
  readonly first: number;
  readonly size: number;
  readonly deadline: Deadline;
  readonly done: Promise<void>;
}

// Waiting for spans alone must not keep a process running.
const BACKGROUND: TimerOptions = { keepsAlive: false };
// As many connections as workerd allows a request; more would only wait at the collector.
const MAX_IN_FLIGHT = 6;
// In one turn of the event loop, in which no response can arrive: about 30 MB of full batches.
const MAX_IN_A_TURN = 64;
// How often a flush looks for a free place: short compared with a request.
const PLACE_CHECK_MS = 10;
// A batch ends by its deadline, and a timer at its time. What is later than this will never come: in
// workerd both end with the request that started them.
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

  /** @param warn called with a message when spans were lost, once per outage. */
  constructor(send: SendSpans, warn: (message: string) => void, limits: BatchLimits = {}) {
    this.losses = new Losses(warn);
    this.#send = send;
    this.#scheduleDelayMs = limits.scheduleDelayMs ?? 5_000;
    this.#timeoutMs = limits.timeoutMs ?? 10_000;
    this.#queue = new SpanQueue(limits.maxQueueSize ?? 2_048);
    this.#maxBatchSize = Math.min(limits.maxBatchSize ?? 512, this.#queue.capacity);
  }

  /** Spans are handled at their end. */
  onStart(): void {}

  /** Queues a sampled span. */
  onEnd(span: ReadableSpan): void {
    if (this.#isShutDown || (span.spanContext().traceFlags & 1) === 0) return;
    if (this.#queue.length === this.#queue.capacity) this.#sendInTurn();
    if (this.#queue.add(span)) this.losses.countDropped();
    if (this.#queue.length === this.#maxBatchSize) this.#wakeIn(0);
    else if (this.#queue.length === 1 || this.#isWakeDead()) this.#wakeIn(this.#scheduleDelayMs);
  }

  /** Sends the spans queued so far and waits for the collector, within the timeout. */
  async forceFlush(): Promise<void> {
    const last = this.#queue.added;
    const deadline = deadlineIn(this.#timeoutMs);
    while (deadline.leftMs() > 0) {
      this.#start(1, deadline);
      if (this.#queue.removed >= last) break;
      // Polls, because in workerd nothing may wait for a promise of another request.
      await sleep(PLACE_CHECK_MS, BACKGROUND);
    }
    for (const batch of [...this.#inFlight].filter(({ first }) => first < last)) {
      const leftMs = Math.min(deadline.leftMs(), batch.deadline.leftMs());
      await withTimeLimit(leftMs + LATE_MS, batch.done, BACKGROUND);
    }
  }

  /** Sends the queued spans within the timeout; those not sent by then, and those that end later, are lost. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#cancelWake();
    await this.forceFlush();
    // Their own timers may be late.
    this.#giveUp("a batch did not arrive in time", 0);
    const lostSpans = this.#queue.take(Infinity).length;
    if (lostSpans > 0) {
      this.losses.batchEnded({ lostSpans, message: "tracing was shut down with no time left" });
    }
  }

  /**
   * In a burst of spans no timer gets its turn, so instead of dropping the oldest spans they are sent
   * at once. Batches started in the same turn cannot have been answered; only older ones count as in
   * flight.
   */
  #sendInTurn(): void {
    this.#forgetDead();
    const older = this.#inFlight.size - this.#startedInTurn;
    if (older >= MAX_IN_FLIGHT || this.#startedInTurn >= MAX_IN_A_TURN) return;
    if (this.#startedInTurn === 0) {
      try {
        startTimer(0, () => this.#startedInTurn = 0, BACKGROUND);
      } catch {
        return; // In workerd, outside of a request, nothing can be sent either.
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
      // In workerd there are no timers outside of a request: the next span tries again.
      this.#wakesAtMs = -Infinity;
    }
  }

  #isWakeDead(): boolean {
    return performance.now() > this.#wakesAtMs + LATE_MS;
  }

  #wake(waitedMs: number): void {
    this.#wakesAtMs = Infinity;
    // Spans beyond a full batch have not waited yet.
    this.#start(waitedMs === 0 ? this.#maxBatchSize : 1);
    if (this.#queue.length > 0) this.#wakeIn(this.#scheduleDelayMs);
  }

  /** Starts as many batches as there are spans and free places for. */
  #start(leastSize: number, deadline?: Deadline): void {
    this.#forgetDead();
    while (this.#queue.length >= leastSize && this.#inFlight.size < MAX_IN_FLIGHT) {
      this.#startBatch(deadline ?? deadlineIn(this.#timeoutMs));
    }
  }

  #startBatch(deadline: Deadline): void {
    const first = this.#queue.removed;
    const spans = this.#queue.take(this.#maxBatchSize);
    const done = this.#send(spans, deadline).then((sent) => {
      // A batch that was given up is counted already.
      if (!this.#inFlight.delete(batch)) return;
      this.losses.batchEnded(sent);
      // A shutdown starts the last batches itself, within its own time.
      if (!this.#isShutDown) this.#start(this.#maxBatchSize);
    });
    const batch: Batch = { first, size: spans.length, deadline, done };
    this.#inFlight.add(batch);
  }

  /** In workerd a batch ends with its request, without settling. */
  #forgetDead(): void {
    this.#giveUp(
      "the request that was to send them ended first: pass forceFlush() to waitUntil",
      LATE_MS,
    );
  }

  /** Counts the batches as lost whose deadline passed more than `lateMs` ago. */
  #giveUp(message: string, lateMs: number): void {
    for (const batch of this.#inFlight) {
      if (batch.deadline.leftMs() > -lateMs) continue;
      this.#inFlight.delete(batch);
      this.losses.batchEnded({ lostSpans: batch.size, message });
    }
  }
}
