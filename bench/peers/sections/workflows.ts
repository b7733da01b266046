/**
 * Workflows, from the call that stores one to the end of its last job.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import { atLeast, type Target } from "../../report/target.ts";
import type { Contender } from "../contender.ts";
import { bullmqPostgres, bullmqRedis, bullmqRedisCareful } from "../contenders/bullmq.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossFlows, pgBossResolved } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";
import type { WorkflowsRun } from "../tasks/workflows.ts";
import { canStore, type WorkflowShapeName, workflowShapes } from "../workflow_shapes.ts";

type Results = ReadonlyMap<Contender, Rounds<WorkflowsRun>>;

const contenders = [
  ...[hammerwork, pgBossFlows, pgBossResolved],
  ...[bullmqRedis, bullmqRedisCareful, bullmqPostgres],
];
const names = Object.keys(workflowShapes) as WorkflowShapeName[];
const callers = 16;
const concurrency = 10;

/** The section. */
export const workflowsSection: Section = { name: "workflows", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results = new Map<WorkflowShapeName, Results>();
  for (const shape of names) {
    const able = contenders.filter((one) => canStore(one, workflowShapes[shape]));
    results.set(
      shape,
      await inRounds(bench.rounds, able, (contender) => measureOne(bench, contender, shape)),
    );
  }
  return {
    title: "Workflows",
    method:
      "From the first call that stores a workflow to the end of the last job, in the process " +
      `that works, ${concurrency} jobs at once: workflows in a second when ${callers} callers ` +
      "store one a call as fast as they are answered, and after that ms for a lone one. Each job must run " +
      "once, after all that it waits for. In BullMQ many jobs can lead to one but one never to " +
      "many; graphile-worker has no workflows.",
    contenders,
    tables: [
      tableOf(results, "workflows/s", ({ perSecond }) => perSecond),
      tableOf(results, "ms for a lone one", ({ loneMs }) => loneMs),
    ],
    targets: (["oneThenTwo", "twoThenOne"] as const).flatMap((shape) =>
      targetsOf(shape, results.get(shape)!)
    ),
  };
}

async function measureOne(
  { servers, scaled }: Bench,
  contender: Contender,
  shape: WorkflowShapeName,
): Promise<WorkflowsRun> {
  await using place = await servers.placeFor(contender);
  const { after, count } = workflowShapes[shape];
  const options = {
    shape,
    count: scaled(count),
    callers: after.length > 100 ? 1 : callers,
    // One looks for them once a second.
    lone: contender === pgBossFlows ? 1 : after.length > 100 ? 3 : 20,
  };
  const open = { address: place.address, isTraced: false, concurrency };
  return await measure(contender, open, "runWorkflows", options);
}

function tableOf(
  results: ReadonlyMap<WorkflowShapeName, Results>,
  title: string,
  read: (run: WorkflowsRun) => number,
): Table {
  return {
    head: [title, ...names.map((shape) => workflowShapes[shape].title)],
    rows: contenders.map((contender) => [
      contender.name,
      ...names.map((shape) => {
        const rounds = results.get(shape)!.get(contender);
        return rounds === undefined ? "–" : figure(rounds.map(read));
      }),
    ]),
  };
}

function targetsOf(shape: WorkflowShapeName, results: Results): readonly Target[] {
  const { title } = workflowShapes[shape];
  const of = (contender: Contender, read: (run: WorkflowsRun) => number) =>
    results.get(contender)!.map(read);
  const limit = { target: 2, floor: 1.3 };
  return [...results.keys()].filter((one) => one !== hammerwork).flatMap((peer) => [
    atLeast(
      limit,
      `${title}, in a second, to ${peer.name}`,
      ratios(of(hammerwork, ({ perSecond }) => perSecond), of(peer, ({ perSecond }) => perSecond)),
    ),
    atLeast(
      limit,
      `${title}, a lone one, as quick as ${peer.name}`,
      ratios(of(peer, ({ loneMs }) => loneMs), of(hammerwork, ({ loneMs }) => loneMs)),
    ),
  ]);
}
