import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { storeError } from "../../store/store-error.ts";

/** Eight letters, a version and a salt that makes the checksums of this file its own. */
const MAGIC = "BOWLSESS";
const VERSION = 1;
const FILE_HEAD = 16;
/** Mark, length of the body, number of the frame, CRC-32 of all but the mark. */
const FRAME_HEAD = 16;
const MARK = 0x5aa5c33c;

/** One frame of the log as it lies in the file. */
export interface Frame {
  readonly body: Buffer;
  /** Where the body begins in the file. */
  readonly at: number;
}

/**
 * An append-only file of frames, each written through to the disk before the next begins. A frame counts whole or not at all.
 *
 * So only the last frame can be torn, whatever the machine was doing when it stopped: it is cut off. A bad frame with good ones
 * behind it was not torn but damaged, and the file is left alone. The salt keeps a payload that holds frames of another file from
 * being taken for frames.
 */
export class SessionLog {
  /** Bytes before each body. */
  static readonly frameHead: number = FRAME_HEAD;
  /** Where the body of the first frame begins. */
  static readonly firstBody: number = FILE_HEAD + FRAME_HEAD;
  /** Size of the file in bytes. */
  end: number;
  /** What the disk has of it is not known: it must be written anew. */
  isInDoubt = false;
  private readonly file: FileHandle;
  private readonly salt: number;
  private frames: number;

  private constructor(file: FileHandle, salt: number, end: number, frames: number) {
    this.file = file;
    this.salt = salt;
    this.end = end;
    this.frames = frames;
  }

  /**
   * Opens the log of that path, without its torn end; a new one when there is none.
   *
   * @throws MqttError STORE_DAMAGED, STORE_NEWER
   */
  static async open(path: string): Promise<{ log: SessionLog; frames: Frame[] }> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return undefined;
    });
    if (bytes === undefined) return { log: await SessionLog.create(path, []), frames: [] };
    const salt = readFileHead(path, bytes);
    const frames = readFrames(path, bytes, salt);
    const last = frames.at(-1);
    const end = last === undefined ? FILE_HEAD : last.at + last.body.length;
    const file = await open(path, "r+");
    if (end < bytes.length) {
      await file.truncate(end);
      await file.sync();
    }
    return { log: new SessionLog(file, salt, end, frames.length), frames };
  }

  /** Makes a log with these bodies and puts it in the place of the one at the path, at once or not at all. */
  static async create(path: string, bodies: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<SessionLog> {
    const fresh = `${path}.new`;
    const file = await open(fresh, "w+", 0o600);
    try {
      const head = Buffer.alloc(FILE_HEAD);
      head.write(MAGIC, "latin1");
      head.writeUInt32LE(VERSION, 8);
      randomBytes(4).copy(head, 12);
      await file.write(head, 0, FILE_HEAD, 0);
      const log = new SessionLog(file, head.readUInt32LE(12), FILE_HEAD, 0);
      for await (const body of bodies) await log.write([body]);
      await file.sync();
      await rename(fresh, path);
      await syncFolder(dirname(path));
      return log;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Adds one frame and waits for the disk. Answers where its body begins. When it rejects, the log is as before or in doubt.
   */
  async append(body: readonly Uint8Array[]): Promise<number> {
    const { end, frames, isInDoubt } = this;
    this.isInDoubt = true;
    try {
      await this.write(body);
      // The system may forget what a failed flush was to write, and answer the next one as if nothing had been.
      await this.file.datasync();
      this.isInDoubt = isInDoubt;
      return end + FRAME_HEAD;
    } catch (error) {
      const isWritten = this.end > end;
      this.end = end;
      this.frames = frames;
      await this.file.truncate(end);
      this.isInDoubt = isInDoubt || isWritten;
      throw error;
    }
  }

  async read(at: number, length: number): Promise<Buffer> {
    const { buffer } = await this.file.read(Buffer.allocUnsafe(length), 0, length, at);
    return buffer;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async write(body: readonly Uint8Array[]): Promise<void> {
    const head = Buffer.allocUnsafe(FRAME_HEAD);
    const length = body.reduce((sum, part) => sum + part.length, 0);
    head.writeUInt32LE(MARK, 0);
    head.writeUInt32LE(length, 4);
    head.writeUInt32LE(this.frames, 8);
    head.writeUInt32LE(checksum(this.salt, head, body), 12);
    const { bytesWritten } = await this.file.writev([head, ...body], this.end);
    if (bytesWritten !== FRAME_HEAD + length) throw new Error(`wrote ${bytesWritten} of ${FRAME_HEAD + length} bytes`);
    this.end += FRAME_HEAD + length;
    this.frames++;
  }
}

function checksum(salt: number, head: Buffer, body: readonly Uint8Array[]): number {
  return body.reduce((sum, part) => crc32(part, sum), crc32(head.subarray(4, 12), salt));
}

function readFileHead(path: string, bytes: Buffer): number {
  // It was renamed into its place when it was whole on the disk.
  if (bytes.length < FILE_HEAD || bytes.toString("latin1", 0, 8) !== MAGIC) throw damaged(path, 0);
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) throw storeError("STORE_NEWER", { detail: `${path} has version ${version}` });
  return bytes.readUInt32LE(12);
}

function readFrames(path: string, bytes: Buffer, salt: number): Frame[] {
  const frames: Frame[] = [];
  let at = FILE_HEAD;
  for (let frame = frameAt(bytes, at, salt); frame !== undefined && frame.number === frames.length; ) {
    frames.push(frame);
    at = frame.at + frame.body.length;
    frame = frameAt(bytes, at, salt);
  }
  if (at < bytes.length && hasFrame(bytes, at + 1, salt)) throw damaged(path, at);
  return frames;
}

function frameAt(bytes: Buffer, at: number, salt: number): (Frame & { readonly number: number }) | undefined {
  if (at + FRAME_HEAD > bytes.length || bytes.readUInt32LE(at) !== MARK) return undefined;
  const start = at + FRAME_HEAD;
  const length = bytes.readUInt32LE(at + 4);
  if (start + length > bytes.length) return undefined;
  const body = bytes.subarray(start, start + length);
  const isWhole = checksum(salt, bytes.subarray(at, start), [body]) === bytes.readUInt32LE(at + 12);
  return isWhole ? { body, at: start, number: bytes.readUInt32LE(at + 8) } : undefined;
}

function hasFrame(bytes: Buffer, from: number, salt: number): boolean {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(MARK);
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (frameAt(bytes, at, salt) !== undefined) return true;
  }
  return false;
}

function damaged(path: string, at: number): Error {
  return storeError("STORE_DAMAGED", { detail: `${path} at byte ${at}` });
}

/** A rename survives a loss of power once its folder is on the disk. Windows cannot, and need not, do that. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
