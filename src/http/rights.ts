/**
 * The rights of one request: what it may do at all, and in which queues.
 *
 * @module
 */
import { RequestError } from "./request_error.ts";
import type { QueueRights, Right, RouterSettings } from "./router_options.ts";

type Decision = boolean | QueueRights;

/** What decides about rights. */
export type AccessSettings = Pick<RouterSettings, "authorize" | "publicAccess">;

/** Whether everybody may do something who can reach the router. */
export function isPublic(
  right: Right,
  { publicAccess }: Pick<AccessSettings, "publicAccess">,
): boolean {
  return publicAccess === "write" || publicAccess === right;
}

/** The rights of a request. Each question is put to `authorize` once. */
export class Rights {
  readonly #request: Request;
  readonly #operation: string;
  readonly #settings: AccessSettings;
  readonly #decisions = new Map<string, Promise<Decision>>();

  /** `operation` is what the request calls, by its name in the OpenAPI document. */
  constructor(request: Request, operation: string, settings: AccessSettings) {
    this.#request = request;
    this.#operation = operation;
    this.#settings = settings;
  }

  /** Whether everybody has a right, in every queue. */
  isPublic(right: Right): boolean {
    return isPublic(right, this.#settings);
  }

  /** Refuses a request that has a right in no queue at all. */
  async check(right: Right): Promise<void> {
    if (await this.#hasSome(right)) return;
    if (this.#settings.authorize === undefined) {
      const only = this.#settings.publicAccess === "enqueue" ? "enqueuing" : "reading";
      throw new RequestError("forbidden", `This router is for ${only} only`);
    }
    for (const other of ["read", "enqueue"] as const) {
      if (other === right || !await this.#hasSome(other)) continue;
      throw new RequestError("forbidden", `This needs the right to ${right}; yours is to ${other}`);
    }
    const headers = { "www-authenticate": "Bearer" };
    throw new RequestError("unauthorized", `This needs the right to ${right}`, {}, headers);
  }

  /** The only queues that a right holds in, where that is known before any is asked about. */
  async queuesWith(right: Right): Promise<readonly string[] | undefined> {
    if (this.isPublic(right)) return undefined;
    const decision = await this.#decide(right, undefined);
    return typeof decision === "object" ? decision.queues : undefined;
  }

  /** Whether a right holds in a queue. */
  async may(right: Right, queueName: string): Promise<boolean> {
    if (this.isPublic(right)) return true;
    const decision = await this.#decide(right, undefined);
    if (decision !== true) return holdsIn(decision, queueName);
    return holdsIn(await this.#decide(right, queueName), queueName);
  }

  async #hasSome(right: Right): Promise<boolean> {
    if (this.isPublic(right)) return true;
    const decision = await this.#decide(right, undefined);
    return typeof decision === "object" ? decision.queues.length > 0 : decision;
  }

  #decide(right: Right, queueName: string | undefined): Promise<Decision> {
    const question = `${right} ${queueName ?? ""}`;
    const known = this.#decisions.get(question);
    if (known !== undefined) return known;
    const decision = this.#ask(right, queueName);
    this.#decisions.set(question, decision);
    return decision;
  }

  /** Whatever is neither `true` nor a list of queues lets nobody in. */
  async #ask(right: Right, queueName: string | undefined): Promise<Decision> {
    const queues = queueName === undefined ? undefined : [queueName];
    const access = { operation: this.#operation, queues };
    const decision: unknown = await this.#settings.authorize?.(this.#request, right, access);
    const { queues: names } = (decision ?? {}) as Partial<QueueRights>;
    return Array.isArray(names) ? { queues: names } : decision === true;
  }
}

function holdsIn(decision: Decision, queueName: string): boolean {
  return typeof decision === "object" ? decision.queues.includes(queueName) : decision;
}
