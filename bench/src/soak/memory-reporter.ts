// Loaded into a broker under test by --import, with --expose-gc: at each message of its parent it collects its garbage and says what is left.
import { readFileSync } from "node:fs";

/** What a process holds after its garbage is collected, in bytes. */
export interface HeldMemory {
  /** Objects of JavaScript, and what they hold outside of its heap. */
  readonly heap: number;
  /** Resident anonymous memory, with what the allocators have not given back. */
  readonly anonymous: number;
}

function held(): HeldMemory {
  // Twice: finalizers of the first release more.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  const anonymous = Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? 0) * 1024;
  return { heap: heapUsed + external, anonymous };
}

process.on("message", () => process.send!(held()));
// It shall end as it would without a parent.
process.channel!.unref();
