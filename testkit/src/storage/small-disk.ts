import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DISK_BYTES = 8 * 2 ** 20;

/** A file system of 8 MB that really fills: mounting one takes root. */
export class SmallDisk {
  readonly path: string = mkdtempSync(join(tmpdir(), "bowline-small-disk-"));
  /** Why there is none, or empty. */
  readonly missing: string;
  private readonly ballast: string = join(this.path, "ballast");

  constructor() {
    this.missing = this.mount() ? "" : "a file system of its own cannot be mounted here (needs root)";
  }

  /** A store's folder on it. */
  get store(): string {
    return join(this.path, "store");
  }

  /** Takes that many bytes, or all that are left. */
  fill(bytes?: number): void {
    const { bavail, bsize } = statfsSync(this.path);
    writeFileSync(this.ballast, new Uint8Array(bytes ?? bavail * bsize));
  }

  /** Gives back what `fill` took. */
  clear(): void {
    rmSync(this.ballast, { force: true });
  }

  /** What a kill now would leave: the store's file as it is, in a folder elsewhere, for as long as `look` takes. */
  async elsewhere<T>(look: (directory: string) => Promise<T>): Promise<T> {
    const directory = mkdtempSync(join(tmpdir(), "bowline-small-disk-copy-"));
    try {
      copyFileSync(join(this.store, "data.mdb"), join(directory, "data.mdb"));
      return await look(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  remove(): void {
    // Lazily, since a test that failed may have left the store open.
    if (this.missing === "") execFileSync("umount", ["-l", this.path]);
    rmSync(this.path, { recursive: true });
  }

  private mount(): boolean {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", this.path], { stdio: "ignore" });
      this.watch();
      return true;
    } catch {
      return false;
    }
  }

  /** A mount outlives whoever made it: a shell of its own waits for the end of its input, which comes with any end of this process. */
  private watch(): void {
    const afterwards = 'cat > /dev/null; umount -l "$0"; rmdir "$0"';
    const shell = spawn("sh", ["-c", afterwards, this.path], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    shell.unref();
    (shell.stdin as typeof shell.stdin & { unref?: () => void }).unref?.();
  }
}
