/** Takes an order's payment, once, however often it is tried. */
import { type Handler, NonRetryableError } from "../../../mod.ts";
import { showMoney } from "../orders/money.ts";
import type { Paid, Payment, Queues } from "../queues.ts";

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
  // No later attempt finds other numbers.
  throw new NonRetryableError(
    `The items make ${showMoney(sum, currency)}, the total says ${showMoney(totalCents, currency)}`,
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
    // The job may run again after the gateway has charged: by its id the gateway knows it.
    headers: { "content-type": "application/json", "idempotency-key": jobId },
    body: JSON.stringify({ orderId, currency, totalCents }),
    signal,
  });
  if (response.ok) return await response.json() as Paid;
  await response.body?.cancel();
  // An ordinary error: the attempt failed, and another follows.
  throw new Error(`The payment gateway answered ${response.status}`);
}
