/** The scripts of completion, each in its shell. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { commands } from "../../src/cli/run.ts";
import { endOf } from "../child_output.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import { plain, whyNoTerminal } from "./run_cli.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;

/** A line that is typed, and what the last word of it can become. */
const typed: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["tr", ["trace"]],
  ["job li", ["list"]],
  ["queue st", ["stats"]],
  ["job list --sta", ["--status"]],
  ["job list --status ca", ["cancelled"]],
  ["job list --status failed,ca", ["failed,cancelled"]],
  ["job list --status=ca", ["cancelled"]],
  ["job list --queue a --inc", ["--include"]],
  ["migrate --pr", ["--print"]],
  ["completion fi", ["fish"]],
];

/** Why a shell is not tested here, if it is not. Where everything is proved, it must be there. */
function whyNoShell(shell: string): string | false {
  const { status } = spawnSync(shell, ["-c", "exit 0"]);
  return status === 0 || process.env.CI === "true" ? false : `${shell} is not installed`;
}

async function scriptOf(shell: string, folder: string): Promise<string> {
  const { stdout, stderr, exitCode } = await cliHere(["completion", shell]);
  assert.deepEqual([stderr, exitCode], ["", 0]);
  const path = join(folder, `completion.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

describe("the completion of bash", { skip: whyNoShell("bash") }, () => {
  test("completes commands, options and values", { timeout }, async () => {
    using folder = temporaryFolder();
    const path = await scriptOf("bash", folder.path);
    for (const [line, words] of typed) assert.deepEqual(await inBash(path, line), words, line);
  });

  test("has every command and every option", { timeout }, async () => {
    using folder = temporaryFolder();
    const path = await scriptOf("bash", folder.path);
    const firstWords = new Set(commands.map(({ name }) => name.split(" ")[0]!));
    assert.deepEqual(await inBash(path, ""), [...firstWords]);
    for (const { name, options = {} } of commands) {
      const found = await inBash(path, `${name} --`);
      for (const option of Object.keys(options)) assert.ok(found.includes(`--${option}`), option);
      assert.ok(found.includes("--help"), name);
    }
  });
});

/** What bash would offer: it splits words at an equals sign. */
async function inBash(path: string, line: string): Promise<readonly string[]> {
  const words = line.split(/ |(?<==)|(?==)/);
  const script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hammerwork; ' +
    'complete -p hammerwork >/dev/null; printf "%s\\n" "${COMPREPLY[@]}"';
  const child = spawn("bash", ["--norc", "-c", script, path, "hammerwork", ...words]);
  const { stdout, stderr, exitCode } = await endOf(child);
  assert.deepEqual([stderr, exitCode], ["", 0], line);
  return stdout.trimEnd().split("\n");
}

describe("the completion of zsh", { skip: whyNoShell("zsh") || whyNoTerminal }, () => {
  test("completes commands, options and values", { timeout }, async () => {
    using folder = temporaryFolder();
    const path = await scriptOf("zsh", folder.path);
    for (const [line, [word]] of typed) {
      const completed = line.replace(/[^ =]*$/, word!);
      assert.equal((await inZsh(path, folder.path, line)).trimEnd(), completed, line);
    }
  });
});

/** The line that zsh has after a tab: each of these lines has one completion only. */
async function inZsh(path: string, folder: string, line: string): Promise<string> {
  writeFileSync(
    join(folder, ".zshrc"),
    `PS1='ready> '; autoload -Uz compinit; compinit -u -D; source ${path}
hammerwork() { print -r -- "got <$*>"; exit }\n`,
  );
  const child = spawn("script", ["-qec", "zsh -i", "/dev/null"], {
    env: { ...process.env, ZDOTDIR: folder, TERM: "dumb", SHELL: "/bin/sh" },
    stdio: "pipe",
  });
  const ended = endOf(child);
  child.stdout.on("data", (text) => {
    if (String(text).includes("ready> ")) child.stdin.write(`hammerwork ${line}\t\n`);
  });
  const { stdout } = await ended;
  return /got <(.*)>/.exec(plain(stdout))?.[1] ?? stdout;
}

describe("the completion of fish", { skip: whyNoShell("fish") }, () => {
  test("completes commands, options and values", { timeout }, async () => {
    using folder = temporaryFolder();
    const path = await scriptOf("fish", folder.path);
    for (const [line, words] of typed) {
      const expected = line.includes("=") ? words.map((word) => `--status=${word}`) : words;
      assert.deepEqual(await inFish(path, folder.path, line), expected, line);
    }
  });
});

async function inFish(path: string, folder: string, line: string): Promise<readonly string[]> {
  const script = `source ${path}; complete -C '${`hammerwork ${line}`}'`;
  const child = spawn("fish", ["--no-config", "-c", script], {
    env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
  });
  const { stdout, stderr, exitCode } = await endOf(child);
  assert.deepEqual([stderr, exitCode], ["", 0], line);
  // Each line is a word and its description.
  return stdout.trimEnd().split("\n").map((found) => found.split("\t")[0]!);
}
