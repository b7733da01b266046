/**
 * Counting the jobs of a file.
 *
 * @module
 */
import { hasEnded, type JobStatus, jobStatuses } from "../../job/status.ts";
import type { LiveCount } from "../health.ts";
import { type JobPlace, mostAhead, type QueueCount } from "../store.ts";
import type { Database, Row } from "./database.ts";

/** Jobs that have not ended, by queue and status. What has ended is not looked at. */
export function countLive(database: Database): LiveCount[] {
  const waiting = jobStatuses.filter((status) => !hasEnded(status) && status !== "running");
  return database.all(liveCounts, JSON.stringify(waiting)).map((row) => ({
    ...toCount(row),
    oldestRunAt: row.run_at as number,
  }));
}

const counted = "select queue_name, status, count(*) as count";
const runningJobs = "from hammerwork_jobs indexed by hammerwork_jobs_leased " +
  "where status = 'running' group by queue_name";
const queueNames = "from hammerwork_jobs indexed by hammerwork_jobs_queue";

/**
 * The names of the queues as the table `queues`, found one after the other without a look at what is in
 * between: the beginning of a statement.
 */
export const withQueues: string = "with recursive queues (name) as " +
  `(select min(queue_name) ${queueNames} union all ` +
  `select (select min(queue_name) ${queueNames} where queue_name > name) from queues ` +
  "where name is not null) ";

const liveCounts = withQueues +
  `${counted}, min(run_at) as run_at from queues cross join json_each(?) waiting ` +
  "cross join hammerwork_jobs indexed by hammerwork_jobs_status " +
  "on queue_name = name and status = waiting.value and status <> 'running' " +
  "group by queue_name, status " +
  `union all ${counted}, min(run_at) as run_at ${runningJobs} ` +
  // Of a queue whose jobs have all ended, that it is there.
  "union all select name, 'completed', 0, null from queues where name is not null";

const endedCounts = `${withQueues}${counted} from queues cross join json_each(?) outcome ` +
  "cross join hammerwork_jobs indexed by hammerwork_jobs_ended " +
  "on queue_name = name and status = outcome.value and finished_at > ? group by queue_name, status";

/** How many jobs each queue has with each status. */
export function countJobs(database: Database): QueueCount[] {
  return database.all(
    `${counted} from hammerwork_jobs indexed by hammerwork_jobs_status ` +
      `where status <> 'running' group by queue_name, status union all ${counted} ${runningJobs}`,
  ).map(toCount);
}

/** How many jobs each queue has that ended after a time, by how they did. */
export function countEnded(database: Database, after: number): QueueCount[] {
  const ended = jobStatuses.filter(hasEnded);
  return database.all(endedCounts, JSON.stringify(ended), after).map(toCount);
}

/** How many ready jobs are before a job, and how many of its queue run. */
export function placeOf(database: Database, id: string): Omit<JobPlace, "at"> | undefined {
  const job = database.get(
    "select queue_name, priority, run_at, sequence from hammerwork_jobs where id = ?",
    id,
  );
  if (job === undefined) return undefined;
  const { queue_name, priority, run_at, sequence } = job;
  const place = database.get(
    `select min(${mostAhead}, ${countOfReady("priority > ?2")} + ` +
      `${countOfReady("priority = ?2 and (run_at, sequence) < (?3, ?4)")}) as ahead, ` +
      "(select count(*) from hammerwork_jobs indexed by hammerwork_jobs_leased " +
      "where status = 'running' and queue_name = ?1) as running",
    queue_name!,
    priority!,
    run_at!,
    sequence!,
  )!;
  return { ahead: place.ahead as number, running: place.running as number };
}

/** In two parts, since the index has the highest priority first and the earliest time first. */
function countOfReady(condition: string): string {
  return "(select count(*) from (select 1 from hammerwork_jobs indexed by hammerwork_jobs_ready " +
    `where queue_name = ?1 and status = 'ready' and ${condition} limit ${mostAhead}))`;
}

function toCount(row: Row): QueueCount {
  return {
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
  };
}
