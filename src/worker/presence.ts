/**
 * The presence of workers: while some work, their process says every ten seconds that they are there,
 * beside everything else. An operator sees by it which are alive.
 *
 * @module
 */
import { builtinModule } from "../builtin_module.ts";
import { StoreUnavailableError } from "../job/errors.ts";
import { randomHex } from "../job/ids.ts";
import type { Retention, Store } from "../store/store.ts";

const EVERY_MS = 10_000;

/** Who looks for workers waits for a minute at least: one that comes back within so long need not say so. */
export const soonMs: number = 30_000;

/** Workers that work together, as far as their presence goes. */
interface PresentWorkers {
  readonly workers: readonly { readonly presence: Presence; readonly queueName: string }[];
  readonly source: { readonly store: Store; readonly retentionMs: Retention };
  readonly onError: (error: unknown) => void;
}

/** The workers of one name. */
export class Presence {
  /** Their name; one that is not given is found out as the first of them begins. */
  name: string | undefined;
  /** When to announce them next, by `performance.now()`. */
  dueAt: number = -Infinity;
  /** The queues that they work for. */
  readonly queueNames: Set<string> = new Set();
  /** The call of the store that is under way. */
  call: Promise<void> | undefined;

  constructor(name: string | undefined) {
    this.name = name;
  }

  /** One of them is the first to work for a queue. */
  enter(queueName: string): void {
    // Not before: while a module loads, workerd has no random numbers.
    this.name ??= ownName();
    this.queueNames.add(queueName);
    this.dueAt = -Infinity;
  }

  /** Says that they are there. Never rejects: the round trips meet a store that fails as well. */
  announce(
    { source: { store, retentionMs }, onError }: PresentWorkers,
    nextInMs: number = EVERY_MS,
  ): Promise<void> {
    this.dueAt = performance.now() + EVERY_MS;
    const announce = async () => {
      try {
        const queueNames = [...this.queueNames];
        const keepMs = longest(retentionMs);
        await store.announce({ name: this.name!, queueNames, nextInMs, keepMs });
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) onError(error);
      }
    };
    return this.call ??= announce().then(() => {
      this.call = undefined;
    });
  }
}

/** The presences of the workers of one `JobQueue`, by their names. */
export class Presences {
  readonly #byName = new Map<string | undefined, Presence>();

  /** That of a name, or of the workers without one. */
  named(name?: string): Presence {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const presence = new Presence(name);
    this.#byName.set(name, presence);
    return presence;
  }
}

/** For how long a job is kept at most that one of them has run. */
function longest({ queues = {}, ...others }: Retention): number {
  const times = [others, ...Object.values(queues)];
  return Math.max(...times.flatMap((of) => [of.completed, of.failed, of.cancelled]));
}

/** Host and process, where both are known. */
function ownName(): string {
  const { process, Deno } = globalThis as {
    process?: { readonly pid?: number };
    Deno?: { permissions: { querySync(of: object): { readonly state: string } } };
  };
  try {
    // Deno would ask for the permission.
    const mayKnowHost = !Deno ||
      Deno.permissions.querySync({ name: "sys", kind: "hostname" }).state === "granted";
    const host = mayKnowHost && builtinModule<{ hostname(): string }>("node:os")?.hostname();
    if (host && process?.pid) return `${host}:${process.pid}`;
  } catch {
    // The runtime has the module, but no host.
  }
  return `worker-${randomHex(8)}`;
}
