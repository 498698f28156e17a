import { relative, resolve } from "node:path";
import { quote } from "../trust/run-tool.ts";
import type { FirstUser } from "./first-user.ts";

export interface Announcement {
  version: string;
  /** MQTT listeners as URLs. */
  listeners: readonly string[];
  consoleOrigin: string | undefined;
  /** Address of the admin API, /metrics and /health, where it is beside the console's. */
  adminOrigin: string | undefined;
  signInLink: string | undefined;
  dataFolder: string;
  isMemory: boolean;
  isAnonymous: boolean;
  /** The handler of --authorizer, as it was given. */
  authorizer: string | undefined;
  /** File of the local authority's certificate, when it issued ours. */
  ca: string | undefined;
  user: FirstUser | undefined;
  /** How the command is called here: `bowline`, or `npx bowline` when npm runs us. */
  command: string;
}

/** The first of these that is there is what a newcomer uses. */
const PREFERENCE = ["mqtts:", "wss:", "mqtt:", "ws:", "unix:"];

/** The line that says we are ready, for programs that wait for it. */
export function readyLine(listeners: readonly string[], ...origins: readonly (string | undefined)[]): string {
  return `ready ${[...listeners, ...origins.filter((origin) => origin !== undefined)].join(" ")}\n`;
}

/** Listener to copy into a client, with a host that can be connected to. */
export function newcomerUrl(listeners: readonly string[]): string {
  // The first user is of the tenant `default`: a listener of another tenant's would not let it in.
  const own = listeners.filter((listener) => !listener.includes("?tenant="));
  for (const scheme of PREFERENCE) {
    const url = own.find((listener) => listener.startsWith(scheme));
    if (url !== undefined) return url.replace(/\/\/(0\.0\.0\.0|\[::\]|\*)(?=[:/]|$)/, "//localhost");
  }
  return listeners[0] ?? "";
}

/** What a person at the terminal needs, once: addresses, the user, and two commands to copy. */
export function announcement(facts: Announcement): string {
  const rows: [string, string][] = [
    ...facts.listeners.map((url, i): [string, string] => [i === 0 ? "Listening" : "", url]),
    ...(facts.signInLink === undefined
      ? []
      : [["Console", `${facts.signInLink}  (signs one browser in, once)`] as [string, string]]),
    ...(facts.adminOrigin === undefined ? [] : [["Admin", facts.adminOrigin] as [string, string]]),
    ["Data", facts.isMemory ? `in memory only; certificates in ${shown(facts.dataFolder)}` : shown(facts.dataFolder)],
    ...(facts.ca === undefined ? [] : [["Authority", shown(facts.ca)] as [string, string]]),
    ...(facts.authorizer === undefined
      ? []
      : [["Authorizer", `${facts.authorizer}, for all but users of the store`] as [string, string]]),
    ...userRows(facts.user),
  ];
  return [
    "",
    `Bowline ${facts.version} is running.`,
    "",
    ...rows.map(([name, value]) => `  ${name.padEnd(10)} ${value}`),
    "",
    "Copy these into two other terminals:",
    "",
    ...commandsToCopy(facts).map((command) => `  ${command}`),
    "",
    ...(facts.ca === undefined
      ? []
      : [`To let browsers trust the local authority: ${facts.command} trust${dataWords(facts.dataFolder)}`]),
    "Ctrl-C ends the broker.",
    "",
    "",
  ].join("\n");
}

/** The same as fields for the log, without what opens doors: the password lies in its file, and `bowline console` makes links. */
export function loggedAnnouncement(facts: Announcement): object {
  const { version, listeners, consoleOrigin, adminOrigin, dataFolder, isMemory, ca, user } = facts;
  return {
    version,
    listeners,
    console: consoleOrigin,
    admin: adminOrigin,
    data: dataFolder,
    memory: isMemory,
    authority: ca,
    ...(user === undefined ? {} : { username: user.username, credentials: user.file }),
  };
}

function userRows(user: FirstUser | undefined): [string, string][] {
  if (user === undefined) return [];
  if (user.password === undefined) return [["User", `${user.username}, password in ${shown(user.file ?? "")}`]];
  return [
    ["User", user.username],
    ["Password", `${user.password}  (shown this once; kept in ${shown(user.file ?? "")})`],
  ];
}

function commandsToCopy(facts: Announcement): string[] {
  const target = [quote(newcomerUrl(facts.listeners)), ...loginWords(facts)].join(" ");
  return [`${facts.command} sub ${target} -t 'demo/#' -v`, `${facts.command} pub ${target} -t demo/hello -m 'Hello from Bowline'`];
}

function loginWords(facts: Announcement): string[] {
  if (facts.user?.file !== undefined) return ["--credentials", shown(facts.user.file)];
  const ca = facts.ca === undefined ? [] : ["--ca", shown(facts.ca)];
  return facts.isAnonymous ? ca : [...ca, "-u", "NAME"];
}

function dataWords(folder: string): string {
  return folder === resolve(".bowline") ? "" : ` --data ${shown(folder)}`;
}

/** As short as it can be written from here, ready to be pasted into a shell. */
export function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return quote(fromHere.startsWith("..") ? path : fromHere || ".");
}
