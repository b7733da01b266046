import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const guides = ["CONTRIBUTING.md", "AGENTS.md", "SECURITY.md"].map((name) => ({
  name,
  text: readFileSync(name, "utf8"),
}));

describe("what is said to contributors", () => {
  test("names only files and folders that exist", () => {
    for (const { name, text } of guides) {
      const paths = text.matchAll(/(?<![\w./:-])(?:\.ci|\.github|bench|src|tests)(?:\/[\w.]+)+/g);
      for (const [path] of paths) assert.ok(existsSync(path), `${name}: ${path}`);
      for (const [, link] of text.matchAll(/\]\(([^):]+)\)/g)) {
        assert.ok(existsSync(link!), `${name}: ${link}`);
      }
    }
  });

  test("names only scripts that package.json has", () => {
    const named = guides.flatMap(({ text }) => [...text.matchAll(/npm run ([\w:]+)/g)]);
    assert.ok(named.length >= 6);
    for (const [, script] of named) assert.ok(script! in scripts, script);
  });

  test("has a map with each folder of the source, and no other", () => {
    const folders = readdirSync("src", { withFileTypes: true }).filter((one) => one.isDirectory());
    const rows = [...guides[0]!.text.matchAll(/^\| `src\/(\w+)`/gm)].map(([, name]) => name!);
    assert.deepEqual(rows.sort(), folders.map(({ name }) => name).sort());
  });

  test("the changelog begins with what is not released, under the headings of its format", () => {
    const changelog = readFileSync("CHANGELOG.md", "utf8");
    const versions = [...changelog.matchAll(/^## (.*)$/gm)].map(([, version]) => version!);
    assert.equal(versions[0], "[Unreleased]");
    for (const version of versions.slice(1)) {
      assert.match(version, /^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
    }
    for (const [, heading] of changelog.matchAll(/^### (.*)$/gm)) {
      assert.match(heading!, /^(Added|Changed|Deprecated|Removed|Fixed|Security)$/);
    }
  });
});
