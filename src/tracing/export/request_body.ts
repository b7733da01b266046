/**
 * The bodies of requests: compressed with what every runtime has of the web's API, so without
 * `node:zlib`, and in the form that the runtime's `fetch` sends with the least work.
 *
 * @module
 */

/** The content of a request. */
export type RequestBody = string | Uint8Array<ArrayBuffer>;

/** How bodies are compressed. */
export type Compression = "gzip" | "none";

/** Whether this runtime can compress. */
export function canGzip(): boolean {
  return typeof CompressionStream === "function";
}

/** Compresses text or bytes. */
export async function gzip(
  body: RequestBody,
): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

/** The options of `fetch` that depend on the body. */
export type RequestBodyInit = Pick<RequestInit, "body" | "headers" | "credentials"> & {
  readonly duplex?: "half";
};

type UndiciVersion = { process?: { versions?: { undici?: string } } };

/**
 * A body with its headers. Node's `fetch` (undici) copies a body of bytes four times, which costs more
 * than the rest of an export and causes a full garbage collection every sixth batch. The bytes of a
 * stream it does not copy, and it sends a `content-length` that is set. Other runtimes copy less, and
 * Deno does not send the length of a stream.
 */
export function bodyInit(body: RequestBody, headers: Headers): RequestBodyInit {
  const isUndici = (globalThis as UndiciVersion).process?.versions?.undici !== undefined;
  if (!isUndici || typeof body === "string") return { body, headers };
  const sized = new Headers(headers);
  sized.set("content-length", `${body.byteLength}`);
  // With credentials, fetch would repeat the request after a 401, which a stream does not allow.
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
