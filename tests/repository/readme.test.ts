import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { makeOrders } from "../cli/orders.ts";
import { onSqlite } from "../cli/places.ts";
import { cliHere } from "../cli/run_here.ts";

const readme = readFileSync("README.md", "utf8");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

/** A command and what it shows in a terminal, on the orders that the command line's tests have. */
async function shownBy(text: string): Promise<string> {
  const [line] = text.split("\n");
  await using place = await onSqlite.make();
  await makeOrders(place);
  const env = { HAMMERWORK_URL: place.url, TERM: "dumb" };
  const { stdout } = await cliHere(line!.split(" ").slice(2), { env, columns: 80 });
  return `${line}\n${stdout}`;
}

describe("the README", () => {
  test("shows code that runs by line ten", () => {
    assert.match(
      readme.split("\n").slice(0, 10).join("\n"),
      /```ts\n.*import .* from "hammerwork";/s,
    );
  });

  test("has only blocks that are run: TypeScript by the docs script, commands that CI runs too", async () => {
    const blocks = [...readme.matchAll(/^```(\w*)([^\n]*)\n(.*?)^```$/gms)];
    assert.ok(blocks.length >= 6);
    for (const [, language, attributes, text] of blocks) {
      // `ignore` would make the docs script pass a block over.
      if (language === "ts") assert.equal(attributes, "");
      else if (language === "sh") assert.match(text!, /^npm ci && npm (start|test)\n$/);
      else if (text!.startsWith("$ hammerwork ")) assert.equal(await shownBy(text!), text);
      else assert.match(text!, /──>/, "a drawing");
    }
    assert.match(manifest.scripts.docs, /deno test --doc .*README\.md mod\.ts src/);
  });

  test("says the limits that the code has", async () => {
    const { JobQueue, memory, defaultBackoff, job } = await import("../../mod.ts");
    const { maxPayloadBytes } = new JobQueue({ store: memory() });
    assert.ok(readme.includes(maxPayloadBytes.toLocaleString("en")));
    assert.equal(defaultBackoff.type, "exponential");
    const { settings } = new JobQueue({ store: memory() }).worker("queue", () => {});
    assert.ok(readme.includes(`lease (${settings.leaseMs / 1_000} s, \`leaseMs\`)`));
    assert.ok(
      readme.includes(
        `${new JobQueue({ store: memory() }).retentionMs / 86_400_000} days (\`retentionMs\`)`,
      ),
    );
    const { maxAttempts } = await new JobQueue({ store: memory() }).enqueue(job("queue", {}));
    assert.ok(readme.includes(`\`maxAttempts\` (${maxAttempts})`));
  });

  test("names the metrics that the code has, each of them", () => {
    const sources = readdirSync("src/metrics").map((file) => readFileSync(`src/metrics/${file}`));
    const made = [...sources.join("").matchAll(/create\w+\("([a-z._]+)"/g)].map(([, name]) =>
      name!
    );
    assert.ok(made.length >= 6);
    const section = readme.slice(readme.indexOf("## Metrics"), readme.indexOf("## Logs"));
    const named = [...section.matchAll(/^\| `([a-z._]+)`/gm)].map(([, name]) => name!);
    assert.deepEqual(named.sort(), made.sort());
  });

  test("names only exports that exist in the table of the specification's names", async () => {
    const exported = new Set([
      ...Object.keys(await import("../../mod.ts")),
      ...Object.keys(await import("../../src/store/sqlite.ts")),
      ...Object.keys(await import("../../src/tracing.ts")),
    ]);
    const table = readme.slice(readme.indexOf("## Coming from the Rust crate"));
    const ours = table.split("\n").map((row) => row.split("|")[2] ?? "").join("\n");
    const called = [...ours.matchAll(/(?<![.\w])([A-Za-z]\w+)\(/g)].map(([, name]) => name!);
    assert.ok(called.length >= 7);
    for (const name of called) assert.ok(exported.has(name), `${name} is exported`);
  });

  test("shows every code block of the specification where its table says", () => {
    const table = readme.slice(readme.indexOf("## The specification, line by line"));
    const rows = [...table.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].slice(2);
    assert.ok(rows.length >= 14);
    let folder = "";
    for (const [, lines, shownIn] of rows) {
      const places = [...shownIn!.matchAll(/`([\w/.]+)`/g)].map(([, place]) => place!);
      // A bare name is beside the file before it.
      const files = places.map((place) => {
        const file = place.includes("/") ? place : `${folder}/${place}`;
        folder = dirname(file);
        return file;
      });
      for (const file of files) assert.ok(existsSync(file), file);
      const [file] = files;
      if (!file?.startsWith("tests/specification/")) continue;
      for (const title of lines!.split(" · ")) {
        assert.ok(readFileSync(file, "utf8").includes(`test("${title}`), `${title} in ${file}`);
      }
    }
  });
});
