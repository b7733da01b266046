import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A long way to a server. */
export interface SlowProxy extends AsyncDisposable {
  /** The same database of the same server, on this way. */
  readonly url: string;
}

/** Opens a way to the server of a database on which a round trip takes this long. */
export async function openSlowProxy(databaseUrl: string, roundTripMs: number): Promise<SlowProxy> {
  const url = new URL(databaseUrl);
  const server = { host: url.hostname, port: Number(url.port || 5432) };
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(server);
    const cut = () => [client, upstream].forEach((socket) => socket.destroy());
    // Timers of one length end in the order in which they were set, so the data stays in order.
    const pass = (from: Socket, to: Socket) => {
      from.on("data", (data) => setTimeout(() => to.write(data), roundTripMs / 2));
      from.on("end", () => setTimeout(() => to.end(), roundTripMs / 2));
    };
    pass(client, upstream);
    pass(upstream, client);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay().on("error", cut).on("close", () => open.delete(socket));
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      const closed = once(proxy, "close");
      proxy.close();
      open.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
