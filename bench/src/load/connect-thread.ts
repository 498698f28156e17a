import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { connectPacket } from "./connect-packet.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
import { nowNs } from "./monotonic-time.ts";

/** What a thread is started with: its number, and how many there are. */
export interface ConnectThreadData {
  readonly options: LoadOptions;
  readonly thread: number;
}

export type ConnectCommand = "run" | "end";

/** When the last connection was made or over, and how it went. */
export interface ConnectAnswer {
  readonly latencies: Float64Array;
  readonly failed: number;
  readonly endNs: number;
}

const DISCONNECT = Uint8Array.of(0xe0, 0);
/** Connections come from as many addresses of the loopback, so that no pair of addresses runs out of ports. */
const ADDRESSES = 200;

const { options, thread } = workerData as ConnectThreadData;
const latencies = new LatencyHistogram();
const held: Socket[] = [];
/** Answers are read into it and looked at before the next one comes. */
const buffer = new Uint8Array(1024);
let begun = 0;
let failed = 0;

parentPort!.on("message", (command: ConnectCommand) => {
  if (command === "run") void run();
  else end();
});

async function run(): Promise<void> {
  const { n, threads } = options;
  await Promise.all(Array.from({ length: Math.ceil(n / threads) }, line));
  const answer: ConnectAnswer = { latencies: latencies.snapshot(), failed, endNs: nowNs() };
  parentPort!.postMessage(answer, []);
}

/** One connection after the other, as many as are this thread's. */
async function line(): Promise<void> {
  const { count, threads } = options;
  for (;;) {
    const number = begun++ * threads + thread;
    if (number >= count) return;
    const fromNs = nowNs();
    if (await connectOnce(number)) latencies.add(nowNs() - fromNs, 1);
    else failed++;
  }
}

/** Resolves when it is over, or held open; true when it had its CONNACK. */
function connectOnce(number: number): Promise<boolean> {
  const { mode, user, users } = options;
  const username = users === 1 ? user : `${user}-${number % users}`;
  const packet = connectPacket(options, `load-${process.pid}-${number}`, username);
  return new Promise((resolve) => {
    let isAccepted = false;
    const answered = (bytes: Uint8Array): boolean => {
      isAccepted = bytes[0] === 0x20 && bytes[3] === 0;
      if (mode === "churn" || !isAccepted) socket.write(DISCONNECT, () => socket.destroy());
      else {
        held.push(socket);
        resolve(true);
      }
      return true;
    };
    const socket = open(number, answered);
    socket.write(packet);
    // "close" says it all; an error comes before it.
    socket.on("error", () => {}).once("close", () => resolve(isAccepted));
  });
}

function open(number: number, answered: (bytes: Uint8Array) => boolean): Socket {
  const { host, port, tls } = options;
  const place = { host, port, ...(host.startsWith("127.") ? { localAddress: `127.0.0.${2 + (number % ADDRESSES)}` } : {}) };
  if (tls === 0) return connect({ ...place, noDelay: true, onread: { buffer, callback: (_size, bytes) => answered(bytes) } });
  return connectTls({ ...place, rejectUnauthorized: false }).once("data", answered);
}

function end(): void {
  for (const socket of held) socket.destroy();
  parentPort!.close();
}
