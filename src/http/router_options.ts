/**
 * How a router is set up: who may do what, and how much at a time.
 *
 * @module
 */
import type { Hono } from "hono";
import { shown } from "../job/ids.ts";
import { checkInteger } from "../job/job_options.ts";
import { checkOptionNames, type OptionNames } from "../job/option_names.ts";
import { reportToConsole } from "../report_to_console.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** What a request wants to do: look, add jobs, or change whatever it likes, which includes both. */
export type Right = "read" | "enqueue" | "write";

/** What a request is about. */
export interface Access {
  /** What it calls, by its name in the OpenAPI document, such as `findJobs`; of the page `page`. */
  readonly operation: string;
  /**
   * The queues that it names, or whose jobs were read for it; `undefined` at first, when it is asked
   * whether it may do this in any queue.
   */
  readonly queues: readonly string[] | undefined;
}

/** The only queues in which a request may do what it wants to. */
export interface QueueRights {
  /** Their names. */
  readonly queues: readonly string[];
}

/**
 * Whether a request may do what it wants to. It is asked once without queues, then about each queue that
 * the request names or that a job was read of, unless it has answered with the list of queues.
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

/** How a router is set up. One of `authorize` and `publicAccess` must be given. */
export interface JobRouterOptions {
  /**
   * Whether a request may read, enqueue or write, and in which queues. Only `true` or a list of queues
   * lets it in; when it throws, the answer is 500. Jobs of other queues are left out, as if there were none.
   */
  readonly authorize?: Authorize | undefined;
  /** What everybody may do who can reach the router: `read`, `enqueue`, or `write` and both. */
  readonly publicAccess?: Right | undefined;
  /** Other origins, such as `https://admin.example.com`, whose pages may write. Default none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** The largest request body, in bytes. Default 1,048,576. */
  readonly maxBodyBytes?: number | undefined;
  /** The most jobs on a page, up to 1,000, which is the default. */
  readonly maxPageSize?: number | undefined;
  /** The most jobs in one batch. Default 1,000. */
  readonly maxJobs?: number | undefined;
  /** A Standard Schema for a queue's payloads, by the queue's name. */
  readonly schemas?: Readonly<Record<string, StandardSchema>> | undefined;
  /** A page for browsers at `/page` below the router: `page()` of `hammerwork/page`. Default none. */
  readonly page?: RouterPage | undefined;
  /**
   * Told of every error behind an answer of 500 or 503. Default: prints it with `console.error`,
   * without what steers a terminal.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Checked options with everything filled in. */
export interface RouterSettings {
  /** Decides where `publicAccess` does not. */
  readonly authorize: Authorize | undefined;
  /** What everybody may do. */
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
  /** `undefined` when there is none. */
  readonly page: RouterPage | undefined;
  /** Told of every error behind an answer of 500 or 503. */
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
  page: true,
  onError: true,
};

/** Checks what is given and fills in the rest. */
export function readRouterOptions(options: JobRouterOptions = {}): RouterSettings {
  checkOptionNames("A router", options, optionNames);
  const { authorize, publicAccess, onError = reportToConsole } = options;
  checkWhoMayUse(authorize, publicAccess);
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
    schemas: new Map(Object.entries(options.schemas ?? {}).map(checkSchema)),
    page: checkPage(options.page),
    onError,
  };
}

/** All rights. */
export const rights: readonly Right[] = ["read", "enqueue", "write"];

function checkWhoMayUse(authorize: unknown, publicAccess: unknown): void {
  if (authorize === undefined && publicAccess === undefined) {
    throw new TypeError(
      "A job router must be told who may use it: authorize, such as bearerToken(token), or " +
        'publicAccess: "read" | "write" for everybody: got neither',
    );
  }
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new TypeError(`authorize must be a function: got ${shown(authorize)}`);
  }
  if (publicAccess !== undefined && !rights.includes(publicAccess as Right)) {
    throw new TypeError(`publicAccess must be ${rights.join(", ")}: got ${shown(publicAccess)}`);
  }
}

/** An origin as a browser sends it, or it would never match. */
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

function checkSchema([queueName, schema]: [string, StandardSchema]): [string, StandardSchema] {
  if (typeof schema?.["~standard"]?.validate === "function") return [queueName, schema];
  throw new TypeError(
    `The schema of a queue must be a Standard Schema: got ${shown(schema)} for ${queueName}`,
  );
}
