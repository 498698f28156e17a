import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import type { SessionStore, StoreChange, StoredRecord } from "../../store/session-store.ts";
import { storeError } from "../../store/store-error.ts";
import { FolderLock } from "./folder-lock.ts";
import { decodeChanges, encodeChanges } from "./log-body.ts";
import { type Frame, SessionLog } from "./session-log.ts";

/** Where a value lies in the log. */
interface Place {
  readonly at: number;
  readonly length: number;
}

/** A log below this size is never worth rewriting. */
const COMPACTED_BYTES = 1_048_576;
/** A rewritten log is made of frames of about this size. */
const FRAME_BYTES = 262_144;

/**
 * A folder with a lock and one log of changes, which is rewritten without what was removed when that is more than half of it. Keeps
 * in memory where each record lies, and nothing of the records.
 */
export class FileStore implements SessionStore {
  readonly name: string;
  private readonly path: string;
  private lock: FolderLock | undefined;
  private log: SessionLog | undefined;
  private places = new Map<string, Place>();
  private liveBytes = 0;
  /** What `write` and `close` wait for: the rewriting of the log. */
  private rewriting: Promise<void> | undefined;

  constructor(folder: string) {
    this.name = folder;
    this.path = join(resolve(folder), "session.log");
  }

  async open(): Promise<Iterable<StoredRecord>> {
    try {
      await mkdir(resolve(this.name), { recursive: true, mode: 0o700 });
      this.lock = FolderLock.acquire(resolve(this.name));
      const { log, frames } = await SessionLog.open(this.path);
      this.log = log;
      return this.replay(frames);
    } catch (error) {
      await this.close();
      throw this.errorOf(error, "STORE_UNREADABLE");
    }
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    try {
      await this.rewriting;
      if (this.log?.isInDoubt === true) await this.rewrite();
      await this.append(changes);
    } catch (error) {
      throw this.errorOf(error, "STORE_FAILED");
    }
    const { end } = this.log as SessionLog;
    if (end > COMPACTED_BYTES && end > 2 * this.liveBytes) {
      // While nothing is written. If it fails the long log is as good as before, and the next write tries again.
      this.rewriting = this.rewrite().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.rewriting;
    const { log, lock } = this;
    this.log = this.lock = undefined;
    this.places = new Map();
    this.liveBytes = 0;
    try {
      await log?.close();
    } finally {
      lock?.release();
    }
  }

  private replay(frames: readonly Frame[]): StoredRecord[] {
    const values = new Map<string, Uint8Array>();
    for (const { body, at } of frames) {
      for (const { key, value, offset } of decodeChanges(body)) {
        this.place(key, value && { at: at + offset, length: value.length });
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      }
    }
    return [...values];
  }

  private async append(changes: readonly StoreChange[]): Promise<void> {
    const { log } = this;
    if (log === undefined) throw new Error("the store is closed");
    const { parts, offsets } = encodeChanges(changes);
    const at = await log.append(parts);
    for (const [index, [key, value]] of changes.entries()) {
      this.place(key, value && { at: at + (offsets[index] as number), length: value.length });
    }
  }

  private place(key: string, place: Place | undefined): void {
    const before = this.places.get(key);
    if (before !== undefined) this.liveBytes -= before.length + key.length;
    if (place === undefined) this.places.delete(key);
    else {
      this.places.set(key, place);
      this.liveBytes += place.length + key.length;
    }
  }

  private async rewrite(): Promise<void> {
    const old = this.log as SessionLog;
    const places = new Map<string, Place>();
    const log = await SessionLog.create(this.path, this.liveFrames(old, places));
    this.log = log;
    this.places = places;
    await old.close();
  }

  /** Every record there is, frame by frame, and where it will lie. */
  private async *liveFrames(old: SessionLog, places: Map<string, Place>): AsyncGenerator<Uint8Array> {
    let group: StoreChange[] = [];
    let bytes = 0;
    let at = SessionLog.firstBody;
    const take = (): Uint8Array => {
      const { parts, offsets } = encodeChanges(group);
      const body = Buffer.concat(parts);
      for (const [index, [key, value]] of group.entries()) {
        places.set(key, { at: at + (offsets[index] as number), length: (value as Uint8Array).length });
      }
      at += body.length + SessionLog.frameHead;
      group = [];
      bytes = 0;
      return body;
    };
    for (const [key, place] of this.places) {
      // oxlint-disable-next-line no-await-in-loop -- One record in memory at a time.
      group.push([key, await old.read(place.at, place.length)]);
      bytes += place.length;
      if (bytes >= FRAME_BYTES) yield take();
    }
    if (group.length > 0) yield take();
  }

  private errorOf(cause: unknown, otherwise: "STORE_UNREADABLE" | "STORE_FAILED"): Error {
    if (MqttError.is(cause)) return cause;
    const { code } = cause as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
    return storeError(isFull ? "STORE_FULL" : otherwise, { detail: this.name, cause });
  }
}
