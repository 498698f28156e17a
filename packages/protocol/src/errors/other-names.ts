import type { ErrorCode } from "./catalogue.ts";
import { errorCodes } from "./catalogue.ts";
import { explain } from "./explanations.ts";
import { browserNames } from "./other-names/browsers.ts";
import { cloudNames } from "./other-names/clouds.ts";
import { mqttNames } from "./other-names/mqtt.ts";
import { nodeNames } from "./other-names/node.ts";
import { opensslNames } from "./other-names/openssl.ts";
import { systemNames } from "./other-names/system.ts";
import { webSocketNames } from "./other-names/web-socket.ts";

/** Shorter texts stand in every second line. */
const partMin = 4;

/** As packets and libraries are quoted: "CONNACK 135", "reason code: 135". */
const numbered = /^(?:connack|suback|puback|pubrec|disconnect|(?:reason|return|error)?[ -]?code|rc)[\s:=]+(\d{1,3}|0x[\da-f]{2})$/;

/** The lines of Chromium and Firefox, where they say no more than that it failed. */
const failedInBrowser = /^(?:websocket connection to |firefox can.t establish a connection to )/;

/** Every name that other programs have for a fault, with the codes of ours it may be, likeliest first. */
export function otherNames(): ReadonlyMap<string, readonly ErrorCode[]> {
  const names = new Map<string, readonly ErrorCode[]>();
  const add = (name: string, codes: readonly ErrorCode[]): void => {
    names.set(name, [...new Set([...(names.get(name) ?? []), ...codes])]);
  };
  for (const family of [mqttNames, nodeNames, opensslNames, systemNames, browserNames, cloudNames, webSocketNames])
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
  const number = numbered.exec(wanted)?.[1];
  const exact = names.find(([name]) => name === wanted || name === `net::${wanted}`) ?? names.find(([name]) => name === number);
  if (exact !== undefined) return exact[1];
  if (wanted.length < partMin) return [];
  const wider = names.filter(([name]) => name.includes(wanted));
  if (wider.length > 0) return [...new Set(wider.flatMap(([, codes]) => codes))];
  const inside = names.filter(([name]) => name.length >= partMin && !/^\d+$/.test(name) && holds(wanted, name));
  return inside.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? (failedInBrowser.test(wanted) ? ["WS_NEVER_OPENED"] : []);
}

/** Whether a line has a name as a word of its own. */
function holds(line: string, name: string): boolean {
  const at = line.indexOf(name);
  return at >= 0 && !/\w/.test(line[at - 1] ?? "") && !/\w/.test(line[at + name.length] ?? "");
}
