/**
 * The process that is measured: it does the one task of its arguments, says what it measured in its
 * last line, and ends.
 *
 * @module
 */
import process from "node:process";
import { type Signals, signals } from "./signals.ts";
import { tasks } from "./tasks.ts";

const [name, options] = process.argv.slice(2);
const task = tasks[name as keyof typeof tasks] as (options: unknown, signals: Signals) => unknown;
const answer = await task(JSON.parse(options!), signals);
console.log(`answer ${JSON.stringify(answer ?? null)}`);
