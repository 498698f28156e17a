import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** What the process holds of its own, bytes: without the pages of the store, which the system takes back when it needs them. */
export interface MemoryHeld {
  /** With buffers, and what V8 has of the system for its heap. */
  readonly all: number;
  /** Of V8's heap: Sessions, Subscriptions, what queues remember of each message. */
  readonly heap: number;
}

/** By V8's own count: `process.memoryUsage` opens a file, and throws where no more may be open, just when the broker must go on. */
export function memoryHeld(): MemoryHeld {
  const { total_heap_size: total, used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return { all: total + external, heap };
}

/** Of the container, or of the machine. */
const MACHINE_BYTES = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
/** V8 ends the process when its heap has reached this, whatever the machine still has. */
const HEAP_BYTES = getHeapStatistics().heap_size_limit;
/** A quarter of the machine belongs to the store's pages and to the rest; of the heap some is needed to collect the rest. */
const MACHINE_SHARE = 0.75;
const HEAP_SHARE = 0.85;

/** What the process may hold by `maximumMemoryBytes`, 0 for the default. */
export function memoryAllowed(maximumMemoryBytes: number): MemoryHeld {
  return { all: maximumMemoryBytes || MACHINE_SHARE * MACHINE_BYTES, heap: HEAP_SHARE * HEAP_BYTES };
}

/** What is wrong with a `maximumMemoryBytes` that the process can never hold; undefined for nothing. */
export function memoryWarning(
  maximumMemoryBytes: number,
  machineBytes: number = MACHINE_BYTES,
  heapBytes: number = HEAP_BYTES,
): string | undefined {
  const asked = `maximumMemoryBytes is ${megabytes(maximumMemoryBytes)}`;
  if (maximumMemoryBytes > machineBytes) {
    return `${asked}, and the machine or its container has ${megabytes(machineBytes)}: the system would end the process before. Lower it`;
  }
  if (maximumMemoryBytes <= heapBytes) return undefined;
  const wanted = Math.ceil(maximumMemoryBytes / 1_048_576);
  return (
    `${asked}, and V8's heap ends at ${megabytes(heapBytes)}: new connections are refused from ${HEAP_SHARE * 100} % of that on, as Sessions, ` +
    `Subscriptions and queues are in it. Lower it, or start with NODE_OPTIONS=--max-old-space-size=${wanted}`
  );
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
