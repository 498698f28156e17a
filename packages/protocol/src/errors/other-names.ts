import type { ErrorCode } from "./catalogue.ts";
import { errorCodes } from "./catalogue.ts";
import { explain } from "./explanations.ts";
import { browserNames } from "./other-names/browsers.ts";
import { cloudNames } from "./other-names/clouds.ts";
import { mqttNames } from "./other-names/mqtt.ts";
import { nodeNames } from "./other-names/node.ts";
import { opensslNames } from "./other-names/openssl.ts";
import { webSocketNames } from "./other-names/web-socket.ts";

/** Shorter texts stand in every second line. */
const partMin = 4;

/** Every name that other programs have for a fault, with the codes of ours it may be, likeliest first. */
export function otherNames(): ReadonlyMap<string, readonly ErrorCode[]> {
  const names = new Map<string, readonly ErrorCode[]>();
  const add = (name: string, codes: readonly ErrorCode[]): void => {
    names.set(name, [...new Set([...(names.get(name) ?? []), ...codes])]);
  };
  for (const family of [mqttNames, nodeNames, opensslNames, browserNames, cloudNames, webSocketNames])
    for (const [each, codes] of family) for (const name of each) add(name, codes);
  for (const code of errorCodes) for (const name of explain(code).seenAs ?? []) add(name, [code]);
  return names;
}

/**
 * The codes of ours that another program calls by a text: a Node error code, an OpenSSL number, a line of the browser's console. A text
 * that is no name whole may be a part of one, or a line that holds one: then the longest counts.
 */
export function codesSeenAs(text: string): readonly ErrorCode[] {
  const wanted = text.trim().toLowerCase();
  const names = [...otherNames()].map(([name, codes]) => [name.toLowerCase(), codes] as const);
  const exact = names.find(([name]) => name === wanted || name === `net::${wanted}`);
  if (exact !== undefined) return exact[1];
  if (wanted.length < partMin) return [];
  const wider = names.filter(([name]) => name.includes(wanted));
  if (wider.length > 0) return [...new Set(wider.flatMap(([, codes]) => codes))];
  const inside = names.filter(([name]) => name.length >= partMin && !/^\d+$/.test(name) && holds(wanted, name));
  return inside.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? [];
}

/** Whether a line has a name as a word of its own. */
function holds(line: string, name: string): boolean {
  const at = line.indexOf(name);
  return at >= 0 && !/\w/.test(line[at - 1] ?? "") && !/\w/.test(line[at + name.length] ?? "");
}
