import type { ChildProcess } from "node:child_process";

/** A broker under test in a process of its own, on a random port of 127.0.0.1, that admits anonymous clients. */
export interface BrokerProcess {
  readonly name: "bowline" | "mosquitto";
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  /** Ends it and removes what it left on disk. */
  stop(): Promise<void>;
}

/** How long a broker may take to end by itself, ms. */
const STOP_WITHIN_MS = 5000;

/** Ends the child process: SIGTERM, and SIGKILL when that is not enough. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
