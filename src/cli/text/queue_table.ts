/**
 * Queues as a table, as a screen that is drawn again and again, and as lines with the time.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { jobStatuses } from "../../job/status.ts";
import type { QueuePause, QueueStats } from "../../queue/stats.ts";
import type { QueueRates, Reading } from "../queue_rates.ts";
import { columnsOf, statusColor, type Style } from "./style.ts";
import { type Cell, type Column, tableLines } from "./table.ts";
import { cut, printable } from "./width.ts";

/** A narrow terminal cuts names, but no numbers. */
const columns: readonly Column[] = [
  { title: "queue", least: 8 },
  { title: "scheduled", isNumber: true },
  { title: "blocked", isNumber: true },
  { title: "waiting", isNumber: true },
  ...jobStatuses.slice(2).map((title) => ({ title, isNumber: true })),
  { title: "oldest", isNumber: true },
];

/** Beside the others only where a queue is paused. */
const pausedColumn: Column = { title: "paused", isNumber: true };

const rateColumns: readonly Column[] = [
  { title: "per min", isNumber: true },
  { title: "failing", isNumber: true },
  { title: "growth", isNumber: true },
];

/** From the widest to the narrowest. */
const forms = [
  ["waiting"],
  ["scheduled", "blocked", "retrying"],
  ["scheduled", "blocked", "retrying", "completed", "cancelled"],
  ["scheduled", "blocked", "retrying", "completed", "cancelled", "growth"],
  ["scheduled", "blocked", "retrying", "completed", "cancelled", "growth", "waiting"],
];

/** A line for each queue, without the statuses that no job has. */
export function queueTable(
  queues: readonly QueueStats[],
  now: number,
  style: Style,
): readonly string[] {
  const rows = queues.map((queue) => [...countCells(queue, queues), pausedCell(queue, now)]);
  return tableLines([...columns, pausedColumn], rows, style, forms);
}

function pausedCell({ pause }: QueueStats, now: number): Cell {
  return pause === undefined ? "" : [pausedText(pause, now), "yellow"];
}

/** For how long a queue goes on being paused. */
export function pausedText({ until }: QueuePause, now: number): string {
  return until === undefined ? "until resumed" : durationText(Math.max(0, until.getTime() - now));
}

function countCells(queue: QueueStats, queues: readonly QueueStats[]): readonly Cell[] {
  const cellOf = (status: typeof jobStatuses[number]): Cell => {
    const count = queue.jobs[status];
    if (count > 0) return [count.toLocaleString("en"), statusColor[status]];
    return queues.some(({ jobs }) => jobs[status] > 0) ? ["0", "dim"] : "";
  };
  const [scheduled, blocked, ...others] = jobStatuses.map(cellOf);
  return [
    queue.queueName,
    scheduled!,
    blocked!,
    waitingCell(queue, queues),
    ...others,
    queue.oldestReadyMs === undefined ? "" : durationText(queue.oldestReadyMs),
  ];
}

function waitingCell({ waiting }: QueueStats, queues: readonly QueueStats[]): Cell {
  if (waiting > 0) return [waiting.toLocaleString("en"), statusColor.scheduled];
  return queues.some(({ waiting }) => waiting > 0) ? ["0", "dim"] : "";
}

/**
 * The lines beside those of queues: the time, the titles, how many are left out, the advice, two
 * that are empty, and that of the cursor.
 */
const OTHER_LINES = 7;

/** The lines of a terminal: the time, the sums, the queues that fit, and how to stop. */
export function watchScreen(reading: Reading, rows: number, style: Style): readonly string[] {
  const { at, queues } = reading;
  const shown = busiest(queues, Math.max(1, rows - OTHER_LINES));
  const left = queues.length - shown.length;
  const lines = queues.length === 0 ? ["There are no jobs"] : rateTable(shown, at.getTime(), style);
  const more = left === 0 ? [] : [style.paint("dim", `and ${left} queues with fewer jobs`)];
  const head = `${clockText(at)}  ${sumText(queues)}`;
  return [
    cut(head, columnsOf(style)),
    "",
    ...lines,
    ...more,
    "",
    style.paint("dim", "Press Ctrl-C to stop"),
  ];
}

/** Those with the most unfinished jobs, in the order of their names. */
function busiest(queues: readonly QueueRates[], most: number): readonly QueueRates[] {
  if (queues.length <= most) return queues;
  const kept = new Set([...queues].sort((a, b) => b.unfinished - a.unfinished).slice(0, most));
  return queues.filter((queue) => kept.has(queue));
}

function rateTable(
  queues: readonly QueueRates[],
  now: number,
  style: Style,
): readonly string[] {
  const rows = queues.map((queue) => [
    ...countCells(queue, queues),
    ...rateCells(queue),
    pausedCell(queue, now),
  ]);
  return tableLines([...columns, ...rateColumns, pausedColumn], rows, style, forms);
}

function rateCells({ endedPerMinute, failureRate, growthPerMinute }: QueueRates): readonly Cell[] {
  return [
    [endedPerMinute.toLocaleString("en"), endedPerMinute === 0 ? "dim" : undefined],
    failureRate ? [percentText(failureRate), statusColor.failed] : "",
    growthPerMinute ? growthText(growthPerMinute) : "",
  ];
}

function sumText(queues: readonly QueueRates[]): string {
  const sum = (count: (queue: QueueRates) => number) =>
    queues.reduce((total, queue) => total + count(queue), 0);
  const ended = sum(({ endedPerMinute }) => endedPerMinute);
  const failed = sum(({ ended }) => ended?.failed ?? 0);
  const failing = failed === 0 ? "" : `, ${percentText(failed / ended)} failed`;
  return `${sum(({ jobs }) => jobs.ready).toLocaleString("en")} ready, ` +
    `${sum(({ jobs }) => jobs.running).toLocaleString("en")} running, ` +
    `${ended.toLocaleString("en")} a minute${failing}`;
}

/** A line for each queue, for a log: words that never change, each before its value. */
export function readingLines({ at, queues }: Reading): readonly string[] {
  const time = at.toISOString();
  if (queues.length === 0) return [`${time}  There are no jobs`];
  return queues.map((queue) => `${time}  ${printable(queue.queueName)}  ${valuesText(queue, at)}`);
}

function valuesText(queue: QueueRates, at: Date): string {
  const { jobs, waiting, oldestReadyMs, endedPerMinute, failureRate, growthPerMinute } = queue;
  const { ready, running, completed, failed, cancelled } = jobs;
  const values = {
    waiting,
    ...{ ready, running, completed, failed, cancelled },
    oldest: oldestReadyMs === undefined ? "-" : durationText(oldestReadyMs),
    "per min": endedPerMinute,
    failing: failureRate === undefined ? "-" : percentText(failureRate),
    growth: growthPerMinute === undefined ? "-" : growthText(growthPerMinute),
    paused: queue.pause === undefined ? "-" : pausedText(queue.pause, at.getTime()),
  };
  return Object.entries(values).map(([name, value]) => `${name} ${value}`).join("  ");
}

/** A rate of failures, never rounded to none or to all. */
function percentText(rate: number): string {
  if (rate > 0 && rate < 0.001) return "<0.1%";
  const percent = rate * 100;
  return percent < 10 ? `${Math.floor(percent * 10) / 10}%` : `${Math.floor(percent)}%`;
}

function growthText(growth: number): string {
  return `${growth > 0 ? "+" : ""}${growth.toLocaleString("en")}`;
}

/** The time of day, as the clock on the wall shows it. */
function clockText(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
