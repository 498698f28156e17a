import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../repository.ts";
import type { PartResult } from "./check-part.ts";

/** What a page shall pay for the client one day, in bytes after gzip -9. */
const goalBytes = 20_000;
/** A ratchet: what the bundle has now, rounded up to the next 1,000 bytes. Lower it with the bundle, never raise it. */
const clientBundleBytesMax = 35_000;

/** The size of the client's browser bundle, as a page downloads it. */
export function checkBundle(base: string = root): PartResult {
  const path = join(base, "packages/client/dist/browser.min.js");
  if (!existsSync(path)) return { findings: [], note: "no client bundle yet" };
  const bytes = gzipSync(readFileSync(path), { level: 9 }).length;
  const note = `client ${bytes} of ${clientBundleBytesMax} bytes gzip, goal ${goalBytes}`;
  return { findings: bytes > clientBundleBytesMax ? [`${note}: ${bytes - clientBundleBytesMax} too many`] : [], note };
}
