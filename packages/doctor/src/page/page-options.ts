import type { DoctorOptions } from "../options.ts";

/** What the doctor of a page is told beside the URL. What a page cannot set (certificates, headers, addresses) is not here. */
export interface PageDoctorOptions
  extends Pick<
    DoctorOptions,
    | "username"
    | "password"
    | "clientId"
    | "keepAlive"
    | "protocolVersion"
    | "will"
    | "authentication"
    | "subprotocols"
    | "topic"
    | "qos"
    | "retain"
    | "payloadBytes"
    | "holdSeconds"
    | "now"
  > {
  /** A line that the browser wrote to its console: it names the reason there, and tells no script. */
  readonly consoleText?: string | undefined;
}

const known =
  "username password clientId keepAlive protocolVersion will authentication subprotocols topic qos retain payloadBytes holdSeconds now consoleText";
const knownOptions: ReadonlySet<string> = new Set(known.split(" "));

/** Options that were meant for another runtime, by name: a page's browser decides what they are about. */
export function unusableOptions(options: object): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => (knownOptions.has(name) || value === undefined ? [] : [name]));
}
