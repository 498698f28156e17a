import { connect, type Socket } from "node:net";
import { tell } from "./told-lines.ts";

/*
 * Begins so many TLS handshakes a second, from 250 loopback addresses in turn, and goes on with none: node flood-child.js PORT RATE HELLO
 * (the ClientHello in hexadecimal). Tells each second what became of them.
 */

export interface FloodReport {
  /** Connections begun in the last second, and how many of all are open. */
  begun: number;
  open: number;
  /** Of the last second: answered by the first bytes of a handshake, and closed without one. */
  answered: number;
  closed: number;
}

const [port = "", rate = "", hello = ""] = process.argv.slice(2);
const bytes = Buffer.from(hello, "hex");
/** The process may have no more files; the oldest make room. */
const OPEN_MAXIMUM = 12_000;
const STEP_MS = 10;

const open = new Set<Socket>();
let report: FloodReport = { begun: 0, open: 0, answered: 0, closed: 0 };
let count = 0;

function begin(): void {
  count++;
  report.begun++;
  const socket = connect({ port: Number(port), host: "127.0.0.1", localAddress: `127.0.0.${2 + (count % 250)}` });
  let isAnswered = false;
  open.add(socket);
  socket.on("connect", () => socket.write(bytes));
  socket.once("data", () => {
    isAnswered = true;
    report.answered++;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (open.delete(socket) && !isAnswered) report.closed++;
  });
  if (open.size <= OPEN_MAXIMUM) return;
  const [oldest] = open;
  open.delete(oldest!);
  oldest!.destroy();
}

const startedAt = performance.now();
let planned = 0;
setInterval(() => {
  // By the clock and not by the turn, so that a slow turn is made up for; but not with more than a fifth of a second's at once.
  const due = ((performance.now() - startedAt) / 1_000) * Number(rate);
  const now = Math.min(due - planned, Number(rate) / 5);
  for (let i = 0; i < now; i++) begin();
  planned = due;
}, STEP_MS);
setInterval(() => {
  tell({ ...report, open: open.size });
  report = { begun: 0, open: 0, answered: 0, closed: 0 };
}, 1_000);
