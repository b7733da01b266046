/**
 * What a view is: an address of the page, and what is shown there.
 *
 * @module
 */
import type { html } from "hono/html";
import type { AllowedJobs } from "../http/allowed_jobs.ts";
import type { RouterSettings } from "../http/router_options.ts";
import type { Addresses } from "./links.ts";
import type { PageSettings } from "./options.ts";

/** Markup in which everything that came from elsewhere is escaped. */
export type Html = ReturnType<typeof html>;

/** A request for a view, as far as it is read. */
export interface ViewRequest {
  /** The jobs, as far as the viewer may see them. */
  readonly jobs: AllowedJobs;
  /** What bounds the request. */
  readonly settings: RouterSettings;
  /** How the page is set up. */
  readonly page: PageSettings;
  /** The value of the path's parameter, decoded. */
  readonly id: string;
  /** The parameters of the query. */
  readonly query: URLSearchParams;
  /** Links from here. */
  readonly to: Addresses;
  /** Whether the viewer may retry and cancel jobs of a queue. */
  readonly mayWrite: (queueName: string) => Promise<boolean>;
  /** When it is looked at, in ms since 1970. */
  readonly now: number;
}

/** What is shown. */
export interface ViewContent {
  /** Names it in the browser's tab. */
  readonly title: string;
  /** What stands between head and foot. */
  readonly body: Html;
  /** Whether it can still change, and is worth refreshing. */
  readonly isLive: boolean;
  /** The HTTP status. Default 200. */
  readonly status?: number | undefined;
}

/** The way to another view instead. */
export interface Redirect {
  /** Relative to the view. */
  readonly goTo: string;
}

/** An address of the page. */
export interface View {
  /** Below the router, a parameter in braces. */
  readonly path: string;
  /** The names that its query can have. */
  readonly query: readonly string[];
  /** Makes what is shown. */
  readonly show: (visit: ViewRequest) => Promise<ViewContent | Redirect>;
}

/** A file that views load from their own router. */
export interface Asset {
  /** Its name below `/page`. */
  readonly name: string;
  /** Its content type. */
  readonly type: string;
  /** What is in it. */
  readonly text: string;
}
