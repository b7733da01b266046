/**
 * The process that is measured: it does the one task of its arguments, says what it measured in its
 * last line, and ends.
 *
 * @module
 */
import process from "node:process";
import { type Cues, cues } from "./cues.ts";
import { tasks } from "./tasks.ts";

const [name, options] = process.argv.slice(2);
const task = tasks[name as keyof typeof tasks] as (options: unknown, cues: Cues) => unknown;
const answer = await task(JSON.parse(options!), cues);
console.log(`answer ${JSON.stringify(answer ?? null)}`);
