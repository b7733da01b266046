import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { jobStatuses } from "../../mod.ts";
import { sqlite, sqliteMigrations } from "../../src/store/sqlite.ts";
import { describeStore } from "../conformance/suite.ts";
import { folderInMemory } from "./workers/temporary_folder.ts";

// Every statement of the store that the tests below bring about.
const statements = new Set<string>();
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (sql) {
  statements.add(sql);
  return prepare.call(this, sql);
};

describeStore("the SQLite store", async (options) => {
  // What a disk does with each commit is for other tests; here it would be most of the time.
  const folder = folderInMemory();
  const store = await sqlite(join(folder.path, "jobs.db"), options);
  return {
    store,
    close: async () => {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
});

/** Jobs of one status, with everything that an index can hold. */
function jobs(count: number, status: string): string {
  const finishedAt = ["completed", "failed", "cancelled"].includes(status) ? "i" : "null";
  const values: Readonly<Record<string, string>> = {
    id: `'${status}' || i`,
    queue_name: "'orders'",
    status: `'${status}'`,
    priority: "0",
    attempts: "1",
    max_attempts: "3",
    idempotency_key: `'${status}' || i`,
    depends_on: "'[]'",
    on_dependency_failure: "'cancel'",
    trace_id: "'trace ' || i",
    joined_trace: "i % 2",
    correlation_id: "'order ' || i",
    parent_id: "'parent ' || i",
    created_at: "i",
    run_at: "i",
    finished_at: finishedAt,
    leased_until: status === "running" ? "i" : "null",
    trace_epoch: "1",
    trace_end_due: "i",
    error: `'{"dependencyId":"dependency"}'`,
    payload: "'{}'",
  };
  return `with recursive counted (i) as
      (select 1 union all select i + 1 from counted where i < ${count})
    insert into hammerwork_jobs (${Object.keys(values)}) select ${
    Object.values(values)
  } from counted;
    insert or ignore into hammerwork_dependencies select id, 'dependent' from hammerwork_jobs;
    insert or ignore into hammerwork_attempt_traces select trace_id, id from hammerwork_jobs;
    insert into hammerwork_attempts (job_id, attempt, outcome, started_at, finished_at)
      select id, 1, 'failed', 1, 2 from hammerwork_jobs;`;
}

// What the planner was told, and what it may be told by an application that shares the file.
const statistics: Readonly<Record<string, string>> = {
  "of an empty file": "analyze",
  ...Object.fromEntries(
    jobStatuses.map((status) => [`of one ${status} job`, `${jobs(1, status)} analyze`]),
  ),
  "of one job of each status": jobStatuses.map((status) => jobs(1, status)).join("") + "analyze",
  "of many ended jobs": `${jobs(5_000, "completed")} ${jobs(3, "ready")} analyze`,
  "of many jobs that wait": `${jobs(3_000, "ready")} ${jobs(3_000, "scheduled")} analyze`,
};

describe("the plans of all statements on a SQLite file", () => {
  test("are the same whatever statistics there are", () => {
    const explained = [...statements].filter((sql) =>
      /^(select|insert|update|delete|with) /.test(sql)
    );
    assert.ok(explained.length > 100, `${explained.length}`);
    const plans = plansOf("", explained);
    for (const [what, sql] of Object.entries(statistics)) {
      const others = plansOf(sql, explained);
      explained.forEach((statement, i) =>
        assert.equal(others[i], plans[i], `with statistics ${what}: ${statement}`)
      );
    }
  });

  test("read no table as a whole but for lists and counts of all jobs", () => {
    const whole = [...statements].filter((sql) =>
      plansOf("", [sql])[0]!.split("\n").some((step) =>
        /^(SCAN|READ) hammerwork/.test(step) && !step.endsWith(" hammerwork_jobs_leased")
      )
    );
    const unexpected = whole.filter((sql) =>
      !/ from hammerwork_jobs not indexed where /.test(sql) &&
      // There are at most 10,000 of them.
      !/from hammerwork_workers/.test(sql) &&
      !/^select queue_name, status, count/.test(sql)
    );
    assert.deepEqual(unexpected, []);
  });
});

function plansOf(setUp: string, statements: readonly string[]): readonly string[] {
  const database = new DatabaseSync(":memory:");
  try {
    database.exec(sqliteMigrations() + setUp);
    return statements.map((sql) => {
      const steps = prepare.call(database, `explain query plan ${sql}`).all();
      return steps.map(({ detail }) => stepOf(String(detail))).join("\n");
    });
  } finally {
    database.close();
  }
}

/** The table itself is read from its end either way; where it begins costs little. */
function stepOf(detail: string): string {
  return detail.replace(
    /^SEARCH hammerwork_jobs USING INTEGER PRIMARY KEY \(rowid<\?\)$/,
    "READ hammerwork_jobs",
  ).replace(/^SCAN hammerwork_jobs$/, "READ hammerwork_jobs");
}
