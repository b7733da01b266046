/**
 * Compression by what every runtime has of the web's own: no `node:zlib`, and none of a bundle's weight.
 *
 * @module
 */

/** How a request's body is sent. */
export type Compression = "gzip" | "none";

/** Whether this runtime can compress; where it cannot, bodies are sent as they are. */
export function canGzip(): boolean {
  return typeof CompressionStream === "function";
}

/** Compresses text, or what is bytes already. */
export async function gzip(
  content: string | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
