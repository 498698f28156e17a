import type { DiskEvent } from "./watched-disk-log.ts";

/** What a disk writes whole or not at all. */
const SECTOR = 512;

export type DiskWrite = DiskEvent & { kind: "write" };

/** What becomes of a write that nothing has flushed: whether that sector of it is on the disk. */
export type Survival = (write: DiskWrite, sector: number) => boolean;

/**
 * The data file as a power cut leaves it: `base` with the first `count` events. On the disk is what was written before a flush began
 * that has ended, and what was written by a synchronous write that has ended; of all else each sector may be there or not, whatever
 * the order of the writes was.
 */
export function afterPowerCut(base: Buffer, events: readonly DiskEvent[], count: number, survives: Survival): Buffer {
  const happened = events.slice(0, count);
  const flushed = flushedBefore(happened);
  const image = new Image(base, happened);
  for (const [index, event] of happened.entries()) {
    if (event.kind === "truncate") image.length = event.length;
    if (event.kind !== "write") continue;
    const isKept = index < flushed || (event.isSynced && index < count - 1);
    image.write(event, isKept ? always : survives);
  }
  return image.bytes;
}

function always(): boolean {
  return true;
}

/** The number of events that the last of the ended flushes covers. */
function flushedBefore(events: readonly DiskEvent[]): number {
  const began = new Map<number, number>();
  let flushed = 0;
  for (const [index, event] of events.entries()) {
    if (event.kind === "flush-begins") began.set(event.number, index);
    if (event.kind === "flush-ends") flushed = Math.max(flushed, began.get(event.number) ?? 0);
  }
  return flushed;
}

class Image {
  length: number;
  private readonly room: Buffer;

  constructor(base: Buffer, events: readonly DiskEvent[]) {
    const ends = events.map((event) => (event.kind === "write" ? event.offset + event.bytes.length : 0));
    this.room = Buffer.alloc(ends.reduce((most, end) => Math.max(most, end), base.length));
    base.copy(this.room);
    this.length = base.length;
  }

  get bytes(): Buffer {
    return this.room.subarray(0, this.length);
  }

  write(write: DiskWrite, survives: Survival): void {
    const { offset, bytes } = write;
    const end = offset + bytes.length;
    for (let sector = Math.floor(offset / SECTOR); sector * SECTOR < end; sector++) {
      if (!survives(write, sector)) continue;
      const from = Math.max(offset, sector * SECTOR);
      const to = Math.min(end, (sector + 1) * SECTOR);
      bytes.copy(this.room, from, from - offset, to - offset);
      this.length = Math.max(this.length, to);
    }
  }
}
