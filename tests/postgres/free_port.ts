import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port of this machine that nobody listens on. It is none that the system gives to outgoing
 * connections: a client of a server that is down could otherwise be connected to itself.
 */
export async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const probe = createServer().listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return freePort();
  }
  probe.close();
  await once(probe, "close");
  return port;
}
