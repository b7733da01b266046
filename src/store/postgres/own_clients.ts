/**
 * Clients of our own: postgres.js with one connection each, whose socket is made here, so that it can
 * be closed for certain when the other side does not answer any more.
 *
 * @module
 */
import { builtinModule } from "../../builtin_module.ts";
import type { Address } from "./address.ts";
import type { Sql } from "./sql.ts";

/** A client with one connection, made here. */
export interface OwnClient {
  readonly sql: Sql;
  /** Ends the connection when what runs on it has ended, and after a while in any case. */
  end(): Promise<void>;
  /** Ends the connection at once, whether or not the other side answers. */
  destroy(): void;
}

/** Makes clients with one connection. */
export interface OwnClients {
  /** Makes one, which connects when it is first used. */
  open(events?: ClientEvents): OwnClient;
  /** Whether this error has changed how clients are made, so that another one may do better. */
  learn(error: unknown): boolean;
}

/** What happens on a connection. */
export interface ClientEvents {
  readonly onNotify: (payload: string) => void;
  readonly onClose: () => void;
}

/** The function that postgres.js exports. */
export type Driver = (options: object) => Sql;

interface Socket {
  readonly destroyed: boolean;
  host?: string;
  port?: number;
  destroy(): void;
  on(event: "error", listener: () => void): void;
}

interface Net {
  connect(port: number, host: string): Socket;
  connect(path: string): Socket;
}

/** What postgres.js has made of its options and of the environment. */
interface Target {
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

const END_S = 2;

/** Makes clients for one address. */
export class PostgresClients implements OwnClients {
  readonly #driver: Driver;
  readonly #address: Address;
  readonly #connectTimeoutMs: number;
  #setsIsolation = true;

  constructor(driver: Driver, address: Address, connectTimeoutMs: number) {
    this.#driver = driver;
    this.#address = address;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  open(events?: ClientEvents): OwnClient {
    const sockets = new Sockets();
    const { driverOptions, parameters } = this.#address;
    const isolation = this.#setsIsolation
      ? { default_transaction_isolation: "read committed" }
      : {};
    const sql = this.#driver({
      ...driverOptions,
      max: 1,
      // Every value is read as text or number, so the types need not be fetched.
      fetch_types: false,
      // Its own wait between tries grows to 20 s, long after a server is back.
      backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1) * (0.5 + Math.random() / 2),
      connect_timeout: this.#connectTimeoutMs / 1_000,
      onnotice: () => {},
      connection: { application_name: "hammerwork", ...isolation, ...parameters },
      ...sockets.options,
      ...(events === undefined ? {} : {
        idle_timeout: null,
        max_lifetime: null,
        onnotify: (_: string, payload: string) => events.onNotify(payload),
        onclose: events.onClose,
      }),
    });
    const end = (timeout: number) => sql.end!({ timeout }).catch(() => {});
    return {
      sql,
      end: async () => {
        await end(END_S);
        sockets.destroy();
      },
      destroy: () => void end(0).then(() => sockets.destroy()),
    };
  }

  /** A pooler may take only parameters that it knows: then opening finds out how its sessions are set. */
  learn(error: unknown): boolean {
    const { message } = error as Partial<Error>;
    if (!this.#setsIsolation || !/startup parameter/i.test(message ?? "")) return false;
    this.#setsIsolation = false;
    return true;
  }
}

/**
 * The sockets of one client. postgres.js only asks the other side to close a connection, which one that
 * does not answer never does, and continues to connect after its end.
 */
class Sockets {
  readonly #net: Net | undefined = netModule();
  #open: Socket[] = [];
  #tries = 0;
  #isOver = false;

  /** What makes postgres.js connect by these, where the runtime has sockets of Node's. */
  get options(): { readonly socket?: (target: Target) => Socket } {
    const net = this.#net;
    return net === undefined ? {} : { socket: (target) => this.#connect(net, target) };
  }

  destroy(): void {
    this.#isOver = true;
    for (const socket of this.#open) socket.destroy();
  }

  #connect(net: Net, { path, host, port }: Target): Socket {
    if (this.#isOver) throw new Error("The client has ended");
    const at = this.#tries++ % host.length;
    const socket = path ? net.connect(path) : net.connect(port[at]!, host[at]!);
    // By these it asks for a certificate, and names the place in errors.
    if (!path) Object.assign(socket, { host: host[at], port: port[at] });
    // Before postgres.js listens, an error would end the process.
    socket.on("error", () => {});
    this.#open = [...this.#open.filter(({ destroyed }) => !destroyed), socket];
    return socket;
  }
}

/** On workerd postgres.js has sockets of another kind. */
function netModule(): Net | undefined {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  if (navigator?.userAgent === "Cloudflare-Workers") return undefined;
  return builtinModule<Net>("node:net");
}
