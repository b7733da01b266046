/** Writes the confirmation for the customer: a text file for each order. */
import type { Handler, JobQueue } from "../../../mod.ts";
import { showMoney } from "../orders/money.ts";
import type { Order } from "../orders/order.ts";
import type { Queues } from "../workflow.ts";
import { columns } from "../report/text.ts";
import { fileIn, writeWhole } from "./files.ts";

/** A handler that writes to this folder. It reads the result of the payment from the queue. */
export function email(queue: JobQueue<Queues>, folder: string): Handler<Queues, "email_queue"> {
  return async (job) => {
    const [paymentJobId = ""] = job.dependsOn;
    const payment = await queue.get<"payment_queue">(paymentJobId);
    const paymentId = payment?.result?.paymentId;
    if (paymentId === undefined) throw new Error(`There is no payment ${paymentJobId}`);
    const file = fileIn(folder, job.payload.id, ".txt");
    // A second attempt writes the same text to the same file.
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
