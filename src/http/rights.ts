/**
 * The rights of one request, and the queues in which it has them.
 *
 * @module
 */
import { RequestError } from "./request_error.ts";
import type { QueueRights, Right, RouterSettings } from "./router_options.ts";

type Decision = boolean | QueueRights;

/** The settings that decide about rights. */
export type AccessSettings = Pick<RouterSettings, "authorize" | "publicAccess">;

/** Whether every request has a right. */
export function isPublic(
  right: Right,
  { publicAccess }: Pick<AccessSettings, "publicAccess">,
): boolean {
  return publicAccess === "write" || publicAccess === right;
}

/** The rights of a request. `authorize` is called once for each right and queue. */
export class Rights {
  readonly #request: Request;
  readonly #operation: string;
  readonly #settings: AccessSettings;
  readonly #decisions = new Map<string, Promise<Decision>>();

  /** `operation` is the `operationId` of what the request calls. */
  constructor(request: Request, operation: string, settings: AccessSettings) {
    this.#request = request;
    this.#operation = operation;
    this.#settings = settings;
  }

  /** Whether every request has a right, in all queues. */
  isPublic(right: Right): boolean {
    return isPublic(right, this.#settings);
  }

  /** Refuses a request that does not have a right in any queue. */
  async check(right: Right): Promise<void> {
    if (await this.hasAny(right)) return;
    if (this.#settings.authorize === undefined) {
      const only = this.#settings.publicAccess === "enqueue" ? "enqueueing" : "reading";
      throw new RequestError("forbidden", `This router allows ${only} only`);
    }
    for (const other of ["read", "enqueue"] as const) {
      if (other === right || !await this.hasAny(other)) continue;
      throw new RequestError(
        "forbidden",
        `This needs the right to ${right}: got the right to ${other}`,
      );
    }
    const headers = { "www-authenticate": "Bearer" };
    throw new RequestError("unauthorized", `This needs the right to ${right}`, {}, headers);
  }

  /** The queues in which the request has a right, if `authorize` has named them; else `undefined`. */
  async queuesWith(right: Right): Promise<readonly string[] | undefined> {
    if (this.isPublic(right)) return undefined;
    const decision = await this.#decide(right, undefined);
    return typeof decision === "object" ? decision.queues : undefined;
  }

  /** Whether the request has a right in a queue. */
  async may(right: Right, queueName: string): Promise<boolean> {
    if (this.isPublic(right)) return true;
    const decision = await this.#decide(right, undefined);
    if (decision !== true) return isGrantedIn(decision, queueName);
    return isGrantedIn(await this.#decide(right, queueName), queueName);
  }

  /** Whether the request has a right in any queue. */
  async hasAny(right: Right): Promise<boolean> {
    if (this.isPublic(right)) return true;
    const decision = await this.#decide(right, undefined);
    return typeof decision === "object" ? decision.queues.length > 0 : decision;
  }

  #decide(right: Right, queueName: string | undefined): Promise<Decision> {
    const question = `${right} ${queueName ?? ""}`;
    const known = this.#decisions.get(question);
    if (known !== undefined) return known;
    const decision = this.#authorize(right, queueName);
    this.#decisions.set(question, decision);
    return decision;
  }

  /** Everything but `true` and a list of queues is a refusal. */
  async #authorize(right: Right, queueName: string | undefined): Promise<Decision> {
    const queues = queueName === undefined ? undefined : [queueName];
    const access = { operation: this.#operation, queues };
    const decision: unknown = await this.#settings.authorize?.(this.#request, right, access);
    const { queues: names } = (decision ?? {}) as Partial<QueueRights>;
    return Array.isArray(names) ? { queues: names } : decision === true;
  }
}

function isGrantedIn(decision: Decision, queueName: string): boolean {
  return typeof decision === "object" ? decision.queues.includes(queueName) : decision;
}
