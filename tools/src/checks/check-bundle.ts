import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../repository.ts";
import type { PartResult } from "./check-part.ts";

/** What a page loads, in bytes after gzip -9. */
interface Bundle {
  readonly name: string;
  readonly dist: string;
  /** What it shall be one day. */
  readonly goal: number;
  /** A ratchet: what it has now, rounded up to the next 500 bytes. Lower it with the bundle, never raise it. */
  readonly maximum: number;
}

const bundles: readonly Bundle[] = [
  { name: "client", dist: "packages/client/dist", goal: 20_000, maximum: 31_400 },
  { name: "drop-in", dist: "packages/mqttjs/dist", goal: 28_000, maximum: 37_800 },
];

/**
 * The size of what a page needs to connect, publish, subscribe and survive a cut: `browser.min.js`. What it loads on demand stands in
 * files beside it (why something failed, stores, enhanced authentication), and is told, but not limited.
 */
export function checkBundle(base: string = root): PartResult {
  const there = bundles.filter(({ dist }) => existsSync(join(base, dist, "browser.min.js")));
  if (there.length === 0) return { findings: [], note: "no bundles yet" };
  const results = there.map((bundle) => measure(base, bundle));
  return {
    findings: results.filter(({ excess }) => excess > 0).map(({ note, excess }) => `${note}: ${excess} too many`),
    note: results.map(({ note }) => note).join("; "),
  };
}

function measure(base: string, { name, dist, goal, maximum }: Bundle): { readonly note: string; readonly excess: number } {
  const folder = join(base, dist);
  const size = (file: string): number => gzipSync(readFileSync(join(folder, file)), { level: 9 }).length;
  // What the bundle imports by itself is a part of it.
  const imported = readFileSync(join(folder, "browser.min.js"), "utf8").matchAll(/(?:from|import)\s?["'`]\.\/([^"'`]+)/g);
  const always = ["browser.min.js", ...Array.from(imported, ([, file]) => file ?? "")];
  const chunks = readdirSync(folder).filter((file) => /^browser-.*\.min\.js$/.test(file) && !always.includes(file));
  const main = sum(always.map(size));
  const onDemand = sum(chunks.map(size));
  const note = `${name} ${main} of ${maximum} bytes gzip, goal ${goal}, and ${onDemand} on demand`;
  return { note, excess: main - maximum };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
