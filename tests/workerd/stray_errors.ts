/** Errors that nobody awaited: rejections and throws outside of the running test's promise. */

const strays: unknown[] = [];

addEventListener("unhandledrejection", (event) => {
  if (isEndOfSocket(event.reason)) return;
  strays.push(new Error("A rejection was not handled.", { cause: event.reason }));
});
addEventListener("error", (event) => {
  strays.push(new Error("An error was not caught.", { cause: event.error }));
});

/** Those since the last call. */
export async function takeStrayErrors(): Promise<readonly unknown[]> {
  // A rejection counts as unhandled only once all microtasks are done.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return strays.splice(0);
}

// postgres.js 3.4 awaits nothing of a socket that it closes: github.com/porsager/postgres/issues/1202
function isEndOfSocket(reason: unknown): boolean {
  return reason instanceof Error && reason.message === "Stream was cancelled.";
}
