/**
 * A body as a runtime's `fetch` sends it with the least work.
 *
 * @module
 */

/** What a request carries. */
export type Body = string | Uint8Array<ArrayBuffer>;

/** The part of a request that depends on its body. */
export type BodyInit = Pick<RequestInit, "body" | "headers" | "credentials"> & {
  readonly duplex?: "half";
};

type Runtime = { process?: { versions?: { undici?: string } } };

/**
 * A body with its headers. Node's `fetch`, which is undici's, makes four copies of one that is bytes:
 * they cost more than all else about an export, and every sixth batch a full garbage collection. A
 * stream's bytes it sends as they are, and with a length it says that length. The `fetch` of others
 * makes fewer copies, and Deno's would not say the length.
 */
export function bodyInit(body: Body, headers: Headers): BodyInit {
  const isUndici = (globalThis as Runtime).process?.versions?.undici !== undefined;
  if (!isUndici || typeof body === "string") return { body, headers };
  const sized = new Headers(headers);
  sized.set("content-length", `${body.byteLength}`);
  // A 401 is answered with a second request where there are credentials, which a stream cannot be.
  return { body: streamOf(body), headers: sized, duplex: "half", credentials: "omit" };
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}
