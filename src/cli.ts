#!/usr/bin/env node
/**
 * The command line: `npx hammerwork --help`. To import it is to run it.
 *
 * @module
 */
import process from "node:process";
import { processIo } from "./cli/io.ts";
import { run } from "./cli/run.ts";

process.exitCode = await run(process.argv.slice(2), processIo());
