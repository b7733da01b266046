/** Starts a server, says where it is, and holds it until told how to end. */
import process from "node:process";
import { startServer } from "../server.ts";

export interface HoldServer {
  /** `exit` leaves at once, `throw` dies of an error; otherwise it waits to be killed. */
  readonly end: "exit" | "throw" | "wait";
}

const { end } = JSON.parse(process.argv[2]!) as HoldServer;
const server = await startServer();
console.log(`url ${server.url}`);
process.once("SIGTERM", () => {
  if (end === "throw") throw new Error("It was asked to end so.");
  process.exit(0);
});
setInterval(() => {}, 1_000);
