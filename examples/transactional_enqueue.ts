/**
 * Postgres: a job that is committed together with the data it is about, or not at all.
 *
 *     DATABASE_URL=postgres://localhost/shop node examples/transactional_enqueue.ts
 *
 * It prints the status of the payment of a committed order, and that a rolled back order has none. It
 * creates the schema `hammerwork` and a table `example_orders`, which it drops at the end.
 *
 * In a project of your own, import from "hammerwork" and "hammerwork/postgres" where this imports
 * ../mod.ts and ../src/store/postgres.ts, and install postgres.
 */
import process from "node:process";
import pg from "postgres";
import { JobQueue } from "../mod.ts";
import { postgres, type Sql } from "../src/store/postgres.ts";

interface Queues {
  payment_queue: { orderId: string };
}

const url = process.env.DATABASE_URL;
if (url === undefined) {
  console.error("Set DATABASE_URL to postgres://…");
  process.exit(2);
}
// One client for the application and the queue.
const sql = pg(url, { onnotice: () => {} });
const queue = new JobQueue<Queues, Sql>({ store: await postgres(sql) });
const worker = queue.worker("payment_queue", () => {});
await sql`create table if not exists example_orders (id text primary key, amount numeric)`;

async function placeOrder(id: string, amount: number): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`insert into example_orders values (${id}, ${amount})`;
    const options = { transaction, correlationId: id };
    await queue.enqueue("payment_queue", { orderId: id }, options);
    // An error after the enqueue rolls back both.
    if (amount <= 0) throw new RangeError("An amount must be positive");
  });
}

async function paymentOf(id: string): Promise<string> {
  const { jobs: [payment] } = await queue.find({ correlationId: id });
  return payment === undefined ? "no payment" : `payment ${payment.status}`;
}

const run = crypto.randomUUID().slice(0, 8);
const [good, bad] = [`order-${run}-1`, `order-${run}-2`];
await placeOrder(good, 299.99);
await placeOrder(bad, 0).catch((error: Error) => console.log(`${bad}: ${error.message}`));
await worker.tick();
for (const id of [good, bad]) console.log(`${id}: ${await paymentOf(id)}`);

await sql`drop table example_orders`;
await queue.close();
await sql.end(); // the client is the caller's to close
