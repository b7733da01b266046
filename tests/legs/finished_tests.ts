/** What the reporter below writes for each test: a line that no test writes. */
export const finishedLine = "\u001e\n";

/** The part of the events of Node's test runner that is used here. */
interface TestEvent {
  readonly type: string;
  readonly data: { readonly details?: { readonly type?: string } };
}

/** A reporter for Node's test runner: one line for each test, at the moment when it has finished. */
export default async function* finishedTests(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === "test:complete" && data.details?.type !== "suite") yield finishedLine;
  }
}
