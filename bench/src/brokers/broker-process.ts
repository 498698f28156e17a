import type { ChildProcess } from "node:child_process";

/** A broker under test in a process of its own, on a random port of 127.0.0.1. */
export interface BrokerProcess {
  readonly name: "bowline" | "mosquitto";
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  /** Who may publish and subscribe; undefined where anonymous clients may. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Ends it and removes what it left on disk. */
  stop(): Promise<void>;
}

/** How long a broker may take to end by itself, ms. */
const STOP_WITHIN_MS = 5000;

/** Ends the child process by the signal, and by SIGKILL when that is not enough. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
