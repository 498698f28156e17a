import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPrograms } from "../system/missing-programs.ts";

/** Why no disk can be watched here, or empty. The library is preloaded, which is a matter of Linux's. */
export const cannotWatchDisk: string = whyNot();

export interface WatchedDiskOptions {
  /** Keep a log of all that is written and flushed. */
  log?: boolean;
  /** The store is to believe in another boot of the machine each time that it is opened. */
  otherBoot?: boolean;
}

/** The disk of a process as a test sees it: watched-disk.c, compiled and preloaded. */
export class WatchedDisk {
  /** Where the log is; watched-disk-log.ts reads it. */
  readonly log: string;
  /** What the process is given besides its other variables. */
  readonly environment: Record<string, string>;
  private readonly holdFile: string;

  /** @param folder Where it keeps its files; the caller removes it. */
  constructor(folder: string, options: WatchedDiskOptions = {}) {
    const library = join(folder, "watched-disk.so");
    this.log = join(folder, "disk.log");
    this.holdFile = join(folder, "hold");
    const source = join(import.meta.dirname.replace("/dist/", "/src/"), "watched-disk.c");
    const { status, stderr } = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"]);
    if (status !== 0) throw new Error(`gcc: ${String(stderr)}`);
    this.environment = {
      LD_PRELOAD: library,
      WATCHED_DISK_HOLD: this.holdFile,
      ...(options.log === true ? { WATCHED_DISK_LOG: this.log } : {}),
      ...(options.otherBoot === true ? { WATCHED_DISK_BOOT: "1" } : {}),
    };
  }

  /** From now on no flush of the data file ends. */
  hold(): void {
    writeFileSync(this.holdFile, "");
  }

  /** Flushes end again. */
  release(): void {
    rmSync(this.holdFile, { force: true });
  }
}

function whyNot(): string {
  if (process.platform !== "linux") return "needs Linux";
  return missingPrograms("gcc") || (existsSync("/usr/include/stdio.h") ? "" : "not on this machine: libc6-dev");
}
