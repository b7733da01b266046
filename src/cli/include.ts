/**
 * Which of the large parts of jobs to print.
 *
 * @module
 */
import { type JobPart, jobParts } from "../job/parts.ts";
import type { Option } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { Given } from "./given.ts";

/** The option `--include`. */
export const includeOption: Option = {
  value: "PARTS",
  multiple: true,
  help: "with --json: payload, result, stack; several by comma",
};

/** What it says. A table or a tree shows none of them, so it reads none. */
export function readInclude(given: Given): readonly JobPart[] {
  const parts = given.list("include") ?? [];
  const wrong = parts.find((part) => !(jobParts as readonly string[]).includes(part));
  if (wrong !== undefined) {
    throw new UsageError(
      `--include must be ${jobParts.join(", ")}: got ${JSON.stringify(wrong)}`,
    );
  }
  if (parts.length > 0 && !given.has("json")) throw new UsageError("--include is for --json only");
  return parts as readonly JobPart[];
}
