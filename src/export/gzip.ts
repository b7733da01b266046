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

/** Compresses text. */
export async function gzip(text: string): Promise<ArrayBuffer> {
  const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(compressed).arrayBuffer();
}
