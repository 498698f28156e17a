import { SourceMap, type SourceMapping, type SourceMapPayload } from "node:module";
import { dirname, relative, resolve } from "node:path";
import type { Bundle } from "./bundle.ts";

/** A bundled program is run from an address of this form, which its errors name in their stacks. */
const PLACE = /data:text\/javascript[^\s)]*:(\d+):(\d+)/;

/** Where in its sources a program failed, as `name.ts:3:1: `; undefined where the error does not tell. */
export function placeOfError(error: unknown, map: Bundle["map"], path: string, shownName: string): string | undefined {
  const [, line, column] = PLACE.exec((error as Error | null | undefined)?.stack ?? "") ?? [];
  if (line === undefined) return undefined;
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload);
  const found: Partial<SourceMapping> = sources.findEntry(Number(line) - 1, Number(column) - 1);
  if (found.originalSource === undefined) return undefined;
  const source = resolve(dirname(path), found.originalSource);
  const name = source === path ? shownName : relative(process.cwd(), source);
  return `${name}:${found.originalLine! + 1}:${found.originalColumn! + 1}:`;
}
