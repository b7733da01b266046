/** The README as the release workflow publishes it, with the script that the workflow runs. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";

const repository = "https://github.com/owner/name";
const script = ".github/package_readme.js";

test("on the pages of npm and JSR the README's pictures and links lead to the released tag", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "README.md");
  cpSync("README.md", file);
  execFileSync(process.execPath, [script, file, repository, "v1.2.3"]);
  const text = readFileSync(file, "utf8");
  const addresses = [...text.matchAll(/(?:\]\(|src="|srcset=")([^)"\s]+)/g)].map(([, one]) => one!);
  const ours = addresses.filter((one) => one.includes("owner/name"));
  assert.ok(ours.length >= 20);
  for (const address of addresses) assert.match(address, /^(https:|#)/);
  for (const address of ours) {
    const path = address.replace(/^.*\/v1\.2\.3\//, "").replace(/#.*$/, "");
    assert.ok(existsSync(path), address);
    const isPicture = path.endsWith(".png");
    assert.equal(address.startsWith("https://raw.githubusercontent.com/owner/name/"), isPicture);
  }
});

test("the release runs that script before it publishes", () => {
  const workflow = readFileSync(".github/workflows/release.yml", "utf8");
  for (const publish of ["npm publish", "deno publish"]) {
    const job = workflow.slice(0, workflow.indexOf(publish)).split(/^ {2}\w+:$/m).at(-1)!;
    assert.match(job, /node \.github\/package_readme\.js README\.md/);
  }
});
