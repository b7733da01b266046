/**
 * The sample: orders go in, each becomes a payment and then an e-mail and a reservation, and at the
 * end stands what became of them. Start with workflow.ts, then handlers/.
 */
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { JobQueue, WorkerPool } from "../../mod.ts";
import { sqlite } from "../store/sqlite.ts";
import { initTracing } from "../tracing.ts";
import { type CommandLine, help, readCommandLine, UsageError } from "./command_line.ts";
import { startGateway } from "./gateway.ts";
import { takeIn } from "./intake.ts";
import { openOrderLines } from "./orders/order_lines.ts";
import type { Folders, Queues } from "./queues.ts";
import { intakeText } from "./report/intake_text.ts";
import { Progress } from "./report/progress.ts";
import { standingOf } from "./report/standing.ts";
import { summaryOf } from "./report/summary.ts";
import { timelineOf, traceToShow } from "./report/timeline.ts";
import { workersOf } from "./workers.ts";
