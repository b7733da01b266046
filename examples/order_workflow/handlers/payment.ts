/** Charges an order once, however many attempts it takes. */
import { type Handler, NonRetryableError } from "../../../mod.ts";
import { showMoney } from "../orders/money.ts";
import type { Paid, Payment, Queues } from "../workflow.ts";

/** A handler that charges through the gateway at this address. */
export function payment(gatewayUrl: string): Handler<Queues, "payment_queue"> {
  return async (job, ctx): Promise<Paid> => {
    checkTotal(job.payload);
    const paid = await charge(gatewayUrl, job.id, job.payload, ctx.signal);
    ctx.span.setAttribute("payment.id", paid.paymentId);
    return paid;
  };
}

function checkTotal({ items, totalCents, currency }: Payment): void {
  const sum = items.reduce((cents, item) => cents + item.unitCents * item.quantity, 0);
  if (sum === totalCents) return;
  // A retry would find the same numbers.
  throw new NonRetryableError(
    `The items add up to ${showMoney(sum, currency)}, the total says ${
      showMoney(totalCents, currency)
    }`,
  );
}

async function charge(
  gatewayUrl: string,
  jobId: string,
  { orderId, currency, totalCents }: Payment,
  signal: AbortSignal,
): Promise<Paid> {
  const response = await fetch(`${gatewayUrl}/payments`, {
    method: "POST",
    // If the job runs again after a charge, the gateway recognizes the id.
    headers: { "content-type": "application/json", "idempotency-key": jobId },
    body: JSON.stringify({ orderId, currency, totalCents }),
    signal,
  });
  if (response.ok) return await response.json() as Paid;
  await response.body?.cancel();
  // An ordinary error fails the attempt, and the job is retried.
  throw new Error(`The payment gateway answered ${response.status}`);
}
