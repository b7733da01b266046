/**
 * The options that the commands which list jobs share.
 *
 * @module
 */
import { type JobPart, jobParts } from "../job/record.ts";
import { isCursor } from "../queue/find.ts";
import type { Arguments, Option } from "./arguments.ts";
import { UsageError } from "./errors.ts";

/** The option `--include`. */
export const includeOption: Option = {
  value: "PARTS",
  multiple: true,
  choices: jobParts,
  help: "with --json: payload,result,stack or some of them",
};

/** Its value. Tables and trees show none of these parts, so without --json none is read. */
export function readInclude(args: Arguments): readonly JobPart[] {
  const parts = args.list("include") ?? [];
  const wrong = parts.find((part) => !(jobParts as readonly string[]).includes(part));
  if (wrong !== undefined) {
    throw new UsageError(
      `--include must be ${jobParts.join(", ")}: got ${JSON.stringify(wrong)}`,
    );
  }
  if (parts.length > 0 && !args.has("json")) throw new UsageError("--include is for --json only");
  return parts as readonly JobPart[];
}

/** The option `--cursor`. */
export function readCursor(args: Arguments): string | undefined {
  const text = args.text("cursor");
  if (text === undefined || isCursor(text)) return text;
  throw new UsageError(
    `--cursor must be a cursor that an earlier list printed: got ${JSON.stringify(text)}`,
  );
}
