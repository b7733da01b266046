/**
 * A fixed piece of work of the kind that a queue does, measured beside it: what a machine, or its mood,
 * makes slower, it makes slower as well.
 *
 * @module
 */
import process from "node:process";

const TURNS = 10_000;

/** CPU for one turn of the work, in microseconds. */
export async function measureYardstick(): Promise<number> {
  const before = process.cpuUsage();
  const kept = new Map<string, object>();
  for (let turn = 0; turn < TURNS; turn++) kept.set(`job-${turn % 1_000}`, await oneTurn(turn));
  const { user, system } = process.cpuUsage(before);
  if (kept.size === 0) throw new Error("The work was expected to leave something: got nothing");
  return (user + system) / TURNS;
}

async function oneTurn(turn: number): Promise<object> {
  const text = JSON.stringify({ id: turn, queueName: "trivial", payload: { n: turn }, waits: [] });
  const read = await JSON.parse(text) as { id: number };
  return { ...read, at: new Date(turn), name: text.slice(1, 30) };
}
