import { type FileHandle, open, writeFile } from "node:fs/promises";
import type { BundleParts } from "@bowline/doctor";
import { MqttError } from "@bowline/protocol";
import { readVersion } from "./version.ts";

/**
 * Writes what a support ticket needs to a new file that only its owner can read.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function writeSupportBundle(path: string, parts: Omit<BundleParts, "client">): Promise<void> {
  const { supportBundle } = await import("@bowline/doctor");
  const { node, openssl } = process.versions;
  const platform = `${process.platform} ${process.arch}`;
  const bundle = supportBundle({ ...parts, client: { name: "bowline", version: readVersion(), node, openssl, platform } });
  try {
    await writeFile(path, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const detail = `--bundle ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be written"}`;
    throw new MqttError("OPTION_INVALID", { detail, remedy: "Name a file that is not there yet.", cause });
  }
}

/** So much of a log is the end of it. */
const tailBytes = 65_536;

/**
 * The end of a log file, in whole lines.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function logTail(path: string): Promise<string> {
  try {
    const file = await open(path);
    return await endOf(file).finally(() => file.close());
  } catch (cause) {
    const detail = `--log ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be read"}`;
    throw new MqttError("OPTION_INVALID", { detail, remedy: "Name a file this user may read.", cause });
  }
}

async function endOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, start);
  const text = buffer.toString("utf8", 0, bytesRead);
  return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
}
