import process from "node:process";
import { flow } from "./sections/flow.ts";
import { memoryKind, postgresKind, sqliteKind } from "./setting/places.ts";
import { findRuntimes } from "./setting/runtimes.ts";
import { startBenchServer } from "./setting/server.ts";
await using server = await startBenchServer();
const kinds = [memoryKind, sqliteKind, postgresKind(server)];
const [s, r] = process.argv.slice(2);
const quick = process.argv.includes("--quick");
const blocks = await flow({
  rounds: quick ? 1 : 3,
  jobs: quick ? 5000 : 50000,
  shrunk: quick ? 5 : 1,
  server,
  stores: kinds.filter((k) => !s || s.includes(k.name)),
  runtimes: findRuntimes().filter((k) => !r || r.includes(k.title)),
  tell: (w) => console.error(w),
});
for (const b of blocks) console.log(`\n${b.about}\n\n${b.table}`);
