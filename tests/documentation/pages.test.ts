/** What the pages say: it is in the code, and what they link to is there. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";
import { job, JobQueue, memory } from "../../mod.ts";
import { defaultBackoff } from "../../src/job/backoff.ts";
import { defaultSpanRules } from "../../src/trace/rules.ts";
import { withDefaults, type WorkSource } from "../../src/worker/options.ts";
import { Presences } from "../../src/worker/presence.ts";
import { jobRouter } from "../../src/http.ts";
import { attemptOutcomes } from "../../src/job/outcomes.ts";
import { cliHere } from "../cli/run_here.ts";
import { pages } from "./pages.ts";

const textOf = (page: string) => readFileSync(page, "utf8");
const readme = textOf("README.md");

describe("the README", () => {
  test("shows code that runs by line ten, and has at most 250 lines", () => {
    const lines = readme.split("\n");
    assert.match(lines.slice(0, 10).join("\n"), /```ts\n.*import .* from "hammerwork";/s);
    assert.ok(lines.length <= 251, `${lines.length - 1} lines`);
  });

  test("links to every page, and so does the index of the documentation", () => {
    const index = textOf("docs/README.md");
    for (const page of pages.filter((page) => !page.endsWith("README.md"))) {
      assert.ok(readme.includes(`](${page})`), page);
      assert.ok(index.includes(`](${page.replace("docs/", "")})`), page);
    }
  });

  test("is not all that is run: the docs script runs the blocks of the docstrings", () => {
    const { scripts } = JSON.parse(textOf("package.json"));
    assert.match(scripts.docs, /deno test --doc .*mod\.ts src/);
  });
});

describe("the pages of the documentation", () => {
  test("link to files and headings that exist", () => {
    const others = ["examples/README.md", "CONTRIBUTING.md", "SECURITY.md", "AGENTS.md"];
    for (const page of [...pages, ...others]) {
      for (const link of linksOf(textOf(page))) {
        if (/^https?:/.test(link)) continue;
        const [path, heading] = link.split("#");
        const file = path === "" ? page : normalize(join(dirname(page), path!));
        assert.ok(existsSync(file), `${page}: ${link}`);
        if (heading !== undefined) {
          assert.ok(headingsOf(textOf(file)).includes(heading), `${page}: ${link}`);
        }
      }
    }
  });

  test("say the limits that the code has", async () => {
    const queue = new JobQueue({ store: memory() });
    const presences = new Presences();
    const source = { store: queue.store, spanRules: defaultSpanRules, presences };
    const settings = withDefaults(source as WorkSource, "queue", () => {}, {});
    const { maxAttempts } = await queue.enqueue(job("queue", {}));
    const guarantees = textOf("docs/guarantees.md");
    const handlers = textOf("docs/handlers.md");
    assert.ok(guarantees.includes(`${queue.maxPayloadBytes.toLocaleString("en")} bytes`));
    assert.ok(guarantees.includes(`lease (${settings.leaseMs / 1_000} s, \`leaseMs\`)`));
    assert.ok(
      textOf("docs/stores.md").includes(`(${queue.retentionMs.completed / 86_400_000} days)`),
    );
    assert.ok(handlers.includes(`\`maxAttempts\` (${maxAttempts})`));
    assert.equal(defaultBackoff.type, "exponential");
    const rows = [
      ["concurrency", settings.concurrency],
      ["leaseMs", settings.leaseMs],
      ["maintenanceMs", settings.maintenanceMs],
      ["maxReleases", settings.maxReleases],
      ["maxSnoozes", settings.maxSnoozes],
      ["stopTimeoutMs", settings.stopTimeoutMs],
      ["endTimeoutMs", settings.endTimeoutMs],
    ] as const;
    for (const [name, value] of rows) {
      const row = new RegExp(`^\\| \`${name}\` .*\\| ${value.toLocaleString("en")} +\\|`, "m");
      assert.match(handlers, row);
    }
  });

  test("name every folder of the source and every table in Postgres", () => {
    const architecture = textOf("docs/architecture.md");
    for (const entry of readdirSync("src", { withFileTypes: true })) {
      if (entry.isDirectory()) {
        assert.ok(architecture.includes(`\`src/${entry.name}\``), entry.name);
      }
    }
    const tables = [
      ...textOf("src/store/postgres/tables.ts").matchAll(
        /create (?:table|view) \$\{schema\}\.(\w+)/g,
      ),
    ];
    assert.ok(tables.length > 10);
    const page = textOf("docs/postgres-tables.md");
    for (const [, name] of tables) assert.ok(page.includes(`\`${name}\``), name);
  });

  test("name every operation of the router and every command of the command line", async () => {
    const router = jobRouter(new JobQueue({ store: memory() }), { publicAccess: "read" });
    const { paths } = await (await router.request("/openapi.json")).json();
    const http = textOf("docs/http.md");
    for (const [path, operations] of Object.entries(paths as Record<string, object>)) {
      for (const method of Object.keys(operations)) {
        assert.ok(http.includes(`\`${method.toUpperCase()} ${path}`), `${method} ${path}`);
      }
    }
    const { stdout } = await cliHere(["--help"]);
    const list = stdout.slice(0, stdout.indexOf("Common options"));
    const commands = [...list.matchAll(/^ {2}((?:[a-z]+ ?)+)/gm)].map(([, name]) => name!.trim());
    assert.ok(commands.includes("trace show"));
    const page = textOf("docs/command-line.md");
    for (const name of commands) assert.ok(page.includes(`\`${name}`), name);
  });

  test("say what becomes of a job as the code does", () => {
    const rows = textOf("docs/handlers.md").matchAll(
      /^\| `(\w+)` +\| [^|]+ \| ([^|]+?) +\| (yes|no)/gm,
    );
    const described = [...rows].map(([, outcome, statuses]) =>
      [outcome!, [...statuses!.matchAll(/`(\w+)`/g)].map(([, status]) => status!)] as const
    );
    const coded = Object.entries(attemptOutcomes).map(([outcome, statuses]) =>
      [outcome, Object.keys(statuses)] as const
    );
    assert.deepEqual(described, coded);
  });

  test("name only exports that exist in the table of the specification's names", async () => {
    const exported = new Set([
      ...Object.keys(await import("../../mod.ts")),
      ...Object.keys(await import("../../src/store/sqlite.ts")),
      ...Object.keys(await import("../../src/tracing.ts")),
    ]);
    const table = textOf("docs/from-rust.md");
    const ours = table.split("\n").map((row) => row.split("|")[2] ?? "").join("\n");
    const called = [...ours.matchAll(/(?<![.\w])([A-Za-z]\w+)\(/g)].map(([, name]) => name!);
    assert.ok(called.length >= 7);
    for (const name of called) assert.ok(exported.has(name), `${name} is exported`);
  });

  test("show every code block of the specification where its table says", () => {
    const rows = [...textOf("docs/specification.md").matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
      .slice(2);
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
        assert.ok(textOf(file).includes(`test("${title}`), `${title} in ${file}`);
      }
    }
  });
});

describe("the page on metrics", () => {
  const made = madeMetrics();
  const page = textOf("docs/monitoring.md");

  test("names the metrics that the code has, each of them", () => {
    assert.ok(made.size >= 6);
    const section = page.slice(page.indexOf("## Metrics"), page.indexOf("## Prometheus"));
    const named = [...section.matchAll(/^\| `([a-z._]+)`/gm)].map(([, name]) => name!);
    assert.deepEqual(named.sort(), [...made.keys()].sort());
  });

  test("and its dashboard and its alert rules ask Prometheus for those, and for no other", () => {
    const known = new Set([...made.values()].flat());
    const dashboard = JSON.parse(textOf("docs/grafana-dashboard.json"));
    assert.ok(dashboard.panels.length >= 7);
    for (const text of [page, textOf("docs/alert-rules.yml"), JSON.stringify(dashboard)]) {
      const asked = [...text.matchAll(/\b(?:messaging|hammerwork)_[a-z_]+/g)]
        .map(([name]) => name)
        .filter((name) => !labels.includes(name));
      assert.ok(asked.length >= 5);
      for (const name of asked) assert.ok(known.has(name), name);
    }
  });
});

/** Attributes of the metrics, as Prometheus has them. */
const labels = [
  "messaging_destination_name",
  "messaging_operation_name",
  "hammerwork_job_state",
  "hammerwork_job_status",
];

/** The metrics that the code makes, and what each is called in Prometheus by OpenTelemetry's rules. */
function madeMetrics(): ReadonlyMap<string, readonly string[]> {
  const sources = readdirSync("src/metrics").map((file) => textOf(`src/metrics/${file}`)).join("");
  const found = sources.matchAll(/create(\w+)\("([a-z._]+)"/g);
  return new Map([...found].map(([, kind, name]) => {
    const base = name!.replaceAll(".", "_");
    if (kind === "Counter") return [name!, [`${base}_total`]];
    if (kind === "Histogram") {
      return [name!, ["_bucket", "_sum", "_count"].map((end) => `${base}_seconds${end}`)];
    }
    return [name!, [name!.endsWith(".age") ? `${base}_seconds` : base]];
  }));
}

function linksOf(markdown: string): readonly string[] {
  const text = markdown.replaceAll(/^```.*?^```$/gms, "");
  return [
    ...[...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!),
    ...[...text.matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, link]) => link!),
    ...[...text.matchAll(/^\[[^\]]+\]: (\S+)$/gm)].map(([, link]) => link!),
  ];
}

/** As GitHub makes anchors of them. */
function headingsOf(markdown: string): readonly string[] {
  return [...markdown.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}
