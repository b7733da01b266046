/**
 * The bodies that the document shows. They are real: sent as they stand, they are accepted.
 *
 * @module
 */

/** A job as a request gives it. */
export const exampleNewJob = {
  queueName: "email_queue",
  payload: { to: "a@example.com" },
  correlationId: "order-12345",
} as const;

/** Two jobs, the second of which waits for the first. */
export const exampleBatch = {
  jobs: [
    {
      id: "01987654-3210-7abc-8def-0123456789ab",
      queueName: "payment_queue",
      payload: { amount: 299.99 },
      correlationId: "order-12345",
    },
    {
      queueName: "email_queue",
      payload: { to: "a@example.com" },
      correlationId: "order-12345",
      dependsOn: ["01987654-3210-7abc-8def-0123456789ab"],
    },
  ],
} as const;
