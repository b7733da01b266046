/** Writes the confirmation that the customer gets: a text file for each order. */
import type { Handler, JobQueue } from "../../../mod.ts";
import { showMoney } from "../orders/money.ts";
import type { Order } from "../orders/order.ts";
import type { Paid, Queues } from "../queues.ts";
import { columns } from "../report/columns.ts";
import { fileIn } from "../file_in.ts";
import { writeWhole } from "./whole_file.ts";

/** A handler that writes into this folder. The queue gives the result of the payment before. */
export function email(queue: JobQueue<Queues>, folder: string): Handler<Queues, "email_queue"> {
  return async (job) => {
    const [paymentJobId = ""] = job.dependsOn;
    const { paymentId } = (await queue.get(paymentJobId))?.result as Paid;
    const file = fileIn(folder, job.payload.id, ".txt");
    // The same text at the same place: a second attempt changes nothing.
    await writeWhole(file, confirmation(job.payload, paymentId));
    return { file };
  };
}

function confirmation(order: Order, paymentId: string): string {
  const { id, customer, currency, items, totalCents } = order;
  const lines = items.map(({ name, quantity, unitCents }) => [
    `${quantity} x`,
    name,
    showMoney(quantity * unitCents, currency),
  ]);
  const total = ["", "Total", showMoney(totalCents, currency)];
  return `To: ${customer.name} <${customer.email}>
Subject: Your order ${id}

Thank you, ${customer.name}. We have received your payment ${paymentId}.

${columns([...lines, total], [0, 2])}
`;
}
