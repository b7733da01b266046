/**
 * Links between views. They are relative, so that they hold wherever the router is mounted and
 * whatever a proxy makes of its path.
 *
 * @module
 */

/** Links from one view to all others. */
export class Addresses {
  readonly #top: string;

  /** @param path The view's own path below the router, such as `/page/jobs/1`. */
  constructor(path: string) {
    const depth = path.split("/").length - 2;
    this.#top = depth === 0 ? "./" : "../".repeat(depth);
  }

  overview(): string {
    return `${this.#top}page`;
  }

  search(): string {
    return `${this.#top}page/search`;
  }

  asset(name: string): string {
    return `${this.#top}page/${name}`;
  }

  job(id: string): string {
    return `${this.#top}page/jobs/${id}`;
  }

  /** Where a job is retried or cancelled. */
  steer(id: string, what: "retry" | "cancel"): string {
    return `${this.job(id)}/${what}`;
  }

  trace(traceId: string, jobId?: string): string {
    const address = `${this.#top}page/traces/${traceId}`;
    return jobId === undefined ? address : `${address}#${jobId}`;
  }

  correlation(correlationId: string): string {
    const encoded = encodeURIComponent(correlationId);
    // A browser takes these for the way up, however they are written.
    return correlationId === "." || correlationId === ".."
      ? `${this.#top}page/correlations?correlationId=${encoded}`
      : `${this.#top}page/correlations/${encoded}`;
  }
}
