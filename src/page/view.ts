/**
 * The views of the page and what they have in common.
 *
 * @module
 */
import type { html } from "hono/html";
import type { AllowedJobs } from "../http/allowed_jobs.ts";
import type { RouterSettings } from "../http/router_options.ts";
import type { RouterContext } from "../http/serve_operation.ts";
import type { ManyFilter, ManyResult } from "../operate/act_on_many.ts";
import type { ManyAction } from "./act_on_many.ts";
import type { Links } from "./links.ts";
import type { PageSettings } from "./options.ts";

/** HTML in which all values are escaped. */
export type Html = ReturnType<typeof html>;

/** A request to the page. */
export interface PageRequest {
  /** The request itself. */
  readonly request: Request;
  /** Its path below the router. */
  readonly path: string;
  /** The value of the path's parameter. */
  readonly id: string;
  /** The settings of the page. */
  readonly page: PageSettings;
  /** The router of the page. */
  readonly context: RouterContext;
}

/** A request for a view, with what the view needs to answer it. */
export interface ViewRequest {
  /** The jobs that the request may read. */
  readonly jobs: AllowedJobs;
  /** The settings of the router. */
  readonly settings: RouterSettings;
  /** The settings of the page. */
  readonly page: PageSettings;
  /** The value of the path's parameter, decoded. */
  readonly id: string;
  /** The parameters of the query. */
  readonly query: URLSearchParams;
  /** Links to other views. */
  readonly to: Links;
  /** Whether the request may retry and cancel jobs of a queue. */
  readonly mayWrite: (queueName: string) => Promise<boolean>;
  /** Whether the request may do so in any queue. */
  readonly mayWriteAny: () => Promise<boolean>;
  /** Counts the jobs that match and that an action is for, in the queues of which the request may write. */
  readonly countForAction: (action: ManyAction, filter: ManyFilter) => Promise<ManyResult>;
  /** The time of the request, in ms since 1970. */
  readonly now: number;
}

/** What a view shows. */
export interface ViewContent {
  /** The title of the document. */
  readonly title: string;
  /** The content of `main`. */
  readonly body: Html;
  /** Whether it can still change: then the page refreshes itself. */
  readonly isLive: boolean;
  /** The HTTP status. Default 200. */
  readonly status?: number | undefined;
}

/** A redirect to another view. */
export interface Redirect {
  /** An address relative to this view. */
  readonly redirectTo: string;
}

/** A view of the page. */
export interface View {
  /** Its path below the router, with at most one parameter, in braces. */
  readonly path: string;
  /** The parameters of its query. */
  readonly query: readonly string[];
  /** Makes its content. */
  readonly show: (request: ViewRequest) => Promise<ViewContent | Redirect>;
}

/** A file that views load. */
export interface Asset {
  /** Its name below `/page`. */
  readonly name: string;
  /** Its content type. */
  readonly type: string;
  /** Its content. */
  readonly text: string;
}
