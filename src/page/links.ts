/**
 * Links between views. They are relative: they work wherever the router is mounted, also behind a proxy
 * that changes its path.
 *
 * @module
 */

/** Links from one view to all others. */
export class Links {
  readonly #top: string;

  /** @param path The path of the view below the router, such as `/page/jobs/1`. */
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

  /** The list of jobs with these values of its filter. */
  jobs(filter: Readonly<Record<string, string | undefined>> = {}): string {
    return `${this.#top}page/jobs${queryOf(filter)}`;
  }

  /** The list of traces with these values of its filter. */
  traces(filter: Readonly<Record<string, string | undefined>> = {}): string {
    return `${this.#top}page/traces${queryOf(filter)}`;
  }

  /** The failures, of one queue or all; with the id of a job only those that are like its own. */
  failures(filter: { readonly queueName?: string; readonly like?: string } = {}): string {
    return `${this.#top}page/failures${queryOf(filter)}`;
  }

  asset(name: string): string {
    return `${this.#top}page/${name}`;
  }

  /** The confirmation of an action on all jobs that match, with these parameters. */
  act(params: readonly (readonly [string, string])[] = []): string {
    return `${this.#top}page/act${
      params.length === 0 ? "" : `?${new URLSearchParams(params as [string, string][])}`
    }`;
  }

  job(id: string): string {
    return `${this.#top}page/jobs/${id}`;
  }

  /** The action of a form. */
  action(id: string, what: "retry" | "cancel"): string {
    return `${this.job(id)}/${what}`;
  }

  trace(traceId: string, jobId?: string): string {
    const address = `${this.#top}page/traces/${traceId}`;
    return jobId === undefined ? address : `${address}#${jobId}`;
  }

  correlation(correlationId: string): string {
    const encoded = encodeURIComponent(correlationId);
    // Browsers resolve these path segments, even when they are percent-encoded.
    return correlationId === "." || correlationId === ".."
      ? `${this.#top}page/correlations?correlationId=${encoded}`
      : `${this.#top}page/correlations/${encoded}`;
  }
}

function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given as [string, string][])}`;
}
