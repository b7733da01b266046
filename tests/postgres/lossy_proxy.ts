import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What gets lost, together with the connection: a statement, or the answer after its commit. */
export type Loss = "statement" | "answer";

/** A way to a server on which things get lost when they are told to. */
export interface LossyProxy extends AsyncDisposable {
  /** The same database of the same server, on this way. */
  readonly url: string;
  /** Loses the next message to the server that has this text in it. Settles once it is lost. */
  readonly loseNext: (loss: Loss, text: string) => Promise<void>;
  /**
   * Forwards nothing any more on the connections that are open, in either direction, and closes none
   * of them, as when a router forgets them. New ones work. Returns how many there were.
   */
  readonly freeze: () => number;
}

interface Order {
  readonly loss: Loss;
  readonly text: string;
  readonly done: () => void;
}

// How the server's answer to a statement outside of a transaction closes: ReadyForQuery, idle.
const readyForQuery = "Z\x00\x00\x00\x05I";

/** Opens a way to the server of a database. */
export async function openLossyProxy(databaseUrl: string): Promise<LossyProxy> {
  const url = new URL(databaseUrl);
  const server = { host: url.hostname, port: Number(url.port || 5432) };
  const open = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  let order: Order | undefined;
  const proxy = createServer((client) => {
    const upstream = connect(server);
    const cut = () => [client, upstream].forEach((socket) => socket.destroy());
    let losing: Order | undefined;
    client.on("data", (data) => {
      if (forgotten.has(client)) return;
      if (order !== undefined && data.includes(order.text)) [losing, order] = [order, undefined];
      if (losing?.loss !== "statement") return void upstream.write(data);
      cut();
      losing.done();
    });
    upstream.on("data", (data) => {
      if (forgotten.has(upstream)) return;
      if (losing === undefined) return void client.write(data);
      if (!data.toString("latin1").endsWith(readyForQuery)) return;
      cut();
      losing.done();
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", cut).on("close", () => {
        open.delete(socket);
        cut();
      });
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    url: url.href,
    loseNext: (loss, text) => new Promise((done) => order = { loss, text, done }),
    freeze: () => {
      for (const socket of open) forgotten.add(socket);
      return open.size / 2;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(proxy, "close");
      proxy.close();
      open.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
