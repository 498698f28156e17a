import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storeError } from "../../store/store-error.ts";

/**
 * One client of one process in a folder, by a file that names the process. The system takes no lock away from a process that was
 * killed, since there is none: the next one sees that the process is gone, by its pid and, since pids are given again, its start
 * time (Linux; elsewhere a living process with that pid counts). Processes that share a folder but not their pids, as containers
 * on one volume, cannot see each other.
 */
export class FolderLock {
  private readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws MqttError STORE_IN_USE */
  static acquire(folder: string): FolderLock {
    const path = join(folder, "session.lock");
    const mine = join(folder, `session.lock.${process.pid}.${++made}`);
    writeFileSync(mine, `${process.pid} ${startOf(process.pid)}`, { mode: 0o600 });
    try {
      if (!claim(mine, path)) replaceStale(folder, mine, path);
    } finally {
      unlinkSync(mine);
    }
    return new FolderLock(path);
  }

  release(): void {
    unlinkSync(this.path);
  }
}

/** Two clients of one process claim with files of their own. */
let made = 0;

/** A link appears whole or not at all, so nobody reads half a lock. */
function claim(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Two processes may find the same stale lock: who moved a fresh one away in place of it puts that back. */
function replaceStale(folder: string, mine: string, path: string): void {
  const found = readFileSync(path, "utf8");
  if (isHeld(found)) throw inUse(folder, found);
  const moved = `${mine}.stale`;
  renameSync(path, moved);
  try {
    const taken = readFileSync(moved, "utf8");
    const isMoved = taken !== found && claim(moved, path);
    if (isMoved || !claim(mine, path)) throw inUse(folder, readFileSync(path, "utf8"));
  } finally {
    unlinkSync(moved);
  }
}

function inUse(folder: string, content: string): Error {
  const [pid] = content.split(" ");
  return storeError("STORE_IN_USE", { detail: `${folder}, by process ${pid}`, details: { pid: Number(pid) } });
}

function isHeld(content: string): boolean {
  const [pid = "", start = ""] = content.split(" ");
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(Number(pid));
  return now === "" || now === start;
}

/** Boot and clock tick at which a process began; empty where the system does not tell, and `ended` for one not yet reaped. */
function startOf(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is a name that may hold anything; the state comes behind its bracket, the start 19 fields on.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "ended";
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}:${fields[19]}`;
  } catch {
    return "";
  }
}
