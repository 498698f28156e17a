import { readdir, readFile } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { MetricFamily, MetricSample } from "./prometheus-text.ts";

/** Fine enough for a lag that clients notice, and two wake-ups in 40 ms cost nothing. */
const RESOLUTION_MS = 20;
const NS_PER_SECOND = 1e9;

/** The process as its machine sees it, by the names that Prometheus' own libraries use. */
export class ProcessMetrics {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay> = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #lagSum = 0;
  #lagCount = 0;
  /** Where no more files may be open the system cannot be asked, just when an operator looks: then it is the last one known. */
  #residentBytes = 0;

  constructor() {
    this.#delay.enable();
  }

  async collect(): Promise<MetricFamily[]> {
    const { user, system } = process.cpuUsage();
    const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
    const files = await openFiles();
    return [
      {
        name: "process_cpu_seconds_total",
        type: "counter",
        help: "User and system CPU time in seconds.",
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge("process_resident_memory_bytes", "Memory in use, mapped files of the store included, in bytes.", this.#resident()),
      gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use, in bytes.", heapUsed),
      gauge("nodejs_external_memory_bytes", "Buffers and other memory outside of the heap, in bytes.", external),
      gauge("process_start_time_seconds", "When the process began, in seconds since 1970.", performance.timeOrigin / 1_000),
      ...(files.open === undefined ? [] : [gauge("process_open_fds", "Open files and sockets.", files.open)]),
      ...(files.maximum === undefined ? [] : [gauge("process_max_fds", "How many may be open.", files.maximum)]),
      this.#eventLoop(),
    ];
  }

  close(): void {
    this.#delay.disable();
  }

  #resident(): number {
    try {
      this.#residentBytes = process.memoryUsage.rss();
    } catch {
      // EMFILE: Node reads it from a file.
    }
    return this.#residentBytes;
  }

  /** The quantiles are since the last scrape, since a lag of yesterday says nothing; sum and count are since the start. */
  #eventLoop(): MetricFamily {
    const delay = this.#delay;
    const seconds = (ns: number): number => Math.max(0, ns / NS_PER_SECOND - RESOLUTION_MS / 1_000);
    const samples: MetricSample[] = [0.5, 0.9, 0.99, 1].map((quantile) => ({
      value: delay.count === 0 ? 0 : seconds(quantile === 1 ? delay.max : delay.percentile(quantile * 100)),
      labels: { quantile: String(quantile) },
    }));
    if (delay.count > 0) this.#lagSum += seconds(delay.mean) * delay.count;
    this.#lagCount += delay.count;
    delay.reset();
    samples.push({ value: this.#lagSum, suffix: "_sum" }, { value: this.#lagCount, suffix: "_count" });
    return { name: "nodejs_eventloop_lag_seconds", type: "summary", help: "How late timers came, in seconds.", samples };
  }
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: "gauge", help, samples: [{ value }] };
}

/** Of this process; undefined where the system does not tell. */
async function openFiles(): Promise<{ open: number | undefined; maximum: number | undefined }> {
  const open = await readdir("/proc/self/fd").then(
    (names) => names.length,
    () => undefined,
  );
  return { open, maximum: await maximumOpenFiles() };
}

/** The soft limit; undefined where the system does not tell. */
export async function maximumOpenFiles(): Promise<number | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const found = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return found === undefined ? undefined : Number(found);
}
