import { readFileSync } from "node:fs";

/** What a process has used so far. */
export interface ProcessUsage {
  /** Seconds, in steps of 10 ms. */
  readonly user: number;
  readonly system: number;
  /** Resident anonymous memory (RssAnon): mapped files, such as a store, do not count. */
  readonly rssKiB: number;
}

/** Linux counts CPU time in hundredths of a second for programs to read, whatever its own clock is. */
const TICKS_PER_SECOND = 100;

/** Reads /proc; zeros for a process that is not there, and for pid 0. */
export function processUsage(pid: number): ProcessUsage {
  try {
    if (pid === 0) return { user: 0, system: 0, rssKiB: 0 };
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, which stands in brackets, may hold spaces; utime and stime are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return {
      user: Number(fields[11]) / TICKS_PER_SECOND,
      system: Number(fields[12]) / TICKS_PER_SECOND,
      rssKiB: Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    };
  } catch {
    return { user: 0, system: 0, rssKiB: 0 };
  }
}
