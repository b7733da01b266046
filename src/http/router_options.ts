/**
 * The options of a router: who may use it, and its limits.
 *
 * @module
 */
import type { Hono } from "hono";
import { checkInteger, checkOptionNames, type OptionNames, shown } from "../job/checks.ts";
import { reportToConsole } from "../report_to_console.ts";
import type { Redact } from "./redaction.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** `read` jobs, `enqueue` jobs, or `write`: both of these, and cancel and retry. */
export type Right = "read" | "enqueue" | "write";

/** What a request accesses. */
export interface Access {
  /** The `operationId` in the OpenAPI document, such as `findJobs`; `page` for views of the page. */
  readonly operation: string;
  /**
   * The queue that the request names, or of which a job was read. `undefined` in the first call, which
   * asks whether the request has the right in any queue.
   */
  readonly queues: readonly string[] | undefined;
}

/** The queues in which a request has a right. */
export interface QueueRights {
  /** The names of the queues. */
  readonly queues: readonly string[];
}

/**
 * Decides whether a request has a right. It is called once without queues, then for each queue that the
 * request names or of which a job was read, unless it has returned a list of queues. Only `true` or a
 * list of queues grants the right.
 */
export type Authorize = (
  request: Request,
  right: Right,
  access: Access,
) => boolean | QueueRights | Promise<boolean | QueueRights>;

/** A page for a router, as `page()` of `hammerwork/page` makes it. */
export interface RouterPage {
  /** Adds its routes. Only the router calls it: what it hands over is no part of the public API. */
  readonly addTo: (app: Hono, context: never) => void;
}

/** Options of a router. One of `authorize` and `publicAccess` is required. */
export interface JobRouterOptions {
  /**
   * Decides whether a request may read, enqueue or write, and in which queues. Jobs of other queues are
   * left out, as if there were none. When it throws, the response is 500.
   */
  readonly authorize?: Authorize | undefined;
  /** A right of every request: `read`, `enqueue`, or `write`, which includes both. Default: none. */
  readonly publicAccess?: Right | undefined;
  /** Other origins, such as `https://admin.example.com`, whose pages may write. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** The maximum size of a request body, in bytes. Default 1,048,576. */
  readonly maxBodyBytes?: number | undefined;
  /** The maximum number of jobs on a page, 1 to 1,000. Default 1,000. */
  readonly maxPageSize?: number | undefined;
  /** The maximum number of jobs in a batch. Default 1,000. */
  readonly maxJobs?: number | undefined;
  /** A Standard Schema for the payloads of a queue, by the queue's name. Default: any payload. */
  readonly schemas?: Readonly<Record<string, StandardSchema>> | undefined;
  /**
   * Returns what responses and the page show instead of a payload, a result, an error message or a
   * stack trace. When it throws, nothing of the value is shown, and `onError` is called. Default: all
   * is shown to those who may read the job.
   */
  readonly redact?: Redact | undefined;
  /** A page for browsers at `/page` below the router: `page()` of `hammerwork/page`. Default: none. */
  readonly page?: RouterPage | undefined;
  /**
   * Called with each error that was answered with 500 or 503, and with what `redact` threw. Default:
   * prints it with `console.error`, without control characters.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Checked options with defaults. */
export interface RouterSettings {
  /** Decides about rights that `publicAccess` does not grant. */
  readonly authorize: Authorize | undefined;
  /** A right of every request. */
  readonly publicAccess: Right | undefined;
  /** Other origins whose pages may write. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** In bytes. */
  readonly maxBodyBytes: number;
  /** In jobs. */
  readonly maxPageSize: number;
  /** In jobs. */
  readonly maxJobs: number;
  /** By the queue's name. */
  readonly schemas: ReadonlyMap<string, StandardSchema>;
  /** `undefined` when all is shown. */
  readonly redact: Redact | undefined;
  /** `undefined` when there is none. */
  readonly page: RouterPage | undefined;
  /** Called with each error that was answered with 500 or 503, and with what `redact` threw. */
  readonly onError: (error: unknown) => void;
}

const optionNames: OptionNames<JobRouterOptions> = {
  authorize: true,
  publicAccess: true,
  allowedOrigins: true,
  maxBodyBytes: true,
  maxPageSize: true,
  maxJobs: true,
  schemas: true,
  redact: true,
  page: true,
  onError: true,
};

/** Checks options and adds defaults. */
export function readRouterOptions(options: JobRouterOptions = {}): RouterSettings {
  checkOptionNames("A router", options, optionNames);
  const { authorize, publicAccess, redact, onError = reportToConsole } = options;
  checkAuthorization(authorize, publicAccess);
  if (redact !== undefined && typeof redact !== "function") {
    throw new TypeError(`redact must be a function: got ${shown(redact)}`);
  }
  if (typeof onError !== "function") {
    throw new TypeError(`onError must be a function: got ${shown(onError)}`);
  }
  const { maxBodyBytes = 1_048_576, maxPageSize = 1_000, maxJobs = 1_000 } = options;
  return {
    authorize,
    publicAccess,
    allowedOrigins: new Set((options.allowedOrigins ?? []).map(checkOrigin)),
    maxBodyBytes: checkInteger("maxBodyBytes", maxBodyBytes, 1, 1_000_000_000),
    maxPageSize: checkInteger("maxPageSize", maxPageSize, 1, 1_000),
    maxJobs: checkInteger("maxJobs", maxJobs, 1, 1_000_000),
    schemas: new Map(Object.entries(options.schemas ?? {}).map(checkPayloadSchema)),
    redact,
    page: checkPage(options.page),
    onError,
  };
}

/** All rights. */
export const rights: readonly Right[] = ["read", "enqueue", "write"];

function checkAuthorization(authorize: unknown, publicAccess: unknown): void {
  if (authorize === undefined && publicAccess === undefined) {
    throw new TypeError(
      "A job router needs authorize, such as bearerToken(token), or publicAccess, such as " +
        '"read" for everybody: got neither',
    );
  }
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new TypeError(`authorize must be a function: got ${shown(authorize)}`);
  }
  if (publicAccess !== undefined && !rights.includes(publicAccess as Right)) {
    throw new TypeError(`publicAccess must be ${rights.join(", ")}: got ${shown(publicAccess)}`);
  }
}

/** Refuses what no browser sends as an origin: it would never match. */
function checkOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw new TypeError(
    `An allowed origin must be a scheme and a host, such as https://admin.example.com: got ${
      shown(origin)
    }`,
  );
}

function checkPage(page: RouterPage | undefined): RouterPage | undefined {
  if (page === undefined || typeof page?.addTo === "function") return page;
  throw new TypeError(`page must be what page() of hammerwork/page returns: got ${shown(page)}`);
}

function checkPayloadSchema(
  [queueName, schema]: [string, StandardSchema],
): [string, StandardSchema] {
  if (typeof schema?.["~standard"]?.validate === "function") return [queueName, schema];
  throw new TypeError(
    `The schema of a queue must be a Standard Schema: got ${shown(schema)} for ${queueName}`,
  );
}
