import { writeFile } from "node:fs/promises";
import type { DoctorOptions, Report } from "@bowline/doctor";
import { MqttError } from "@bowline/protocol";
import { readVersion } from "./version.ts";

/** Of the options that a bundle tells as they are; of all others it tells only that they were given. */
const harmless: ReadonlySet<string> = new Set([
  "keepAlive",
  "protocolVersion",
  "serverName",
  "alpnProtocols",
  "connectTo",
  "origin",
  "insecure",
  "scan",
  "topic",
  "qos",
  "holdSeconds",
]);

/**
 * Writes what a support ticket needs to a new file that only its owner can read: versions, options without secrets, and the report.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function writeSupportBundle(path: string, options: DoctorOptions, report: Report): Promise<void> {
  const given = Object.entries(options as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined);
  const shown = given.map(([name, value]): readonly [string, unknown] => [name, harmless.has(name) ? value : "[given]"]);
  const bundle = {
    v: 1,
    type: "doctor-bundle",
    writtenAt: new Date().toISOString(),
    bowline: readVersion(),
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
    options: Object.fromEntries(shown),
    report,
  };
  try {
    await writeFile(path, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const detail = `--bundle ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be written"}`;
    throw new MqttError("OPTION_INVALID", { detail, remedy: "Name a file that is not there yet.", cause });
  }
}
