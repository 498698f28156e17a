import { isLoopbackHost } from "../listeners/loopback.ts";
import { isMachineName } from "../tls/tenant-directory.ts";

/** Where a connection that is to be examined leads. */
export interface ExaminedPlace {
  readonly host: string;
  readonly port: number;
}

/** What a broker may look at for an operator. It is no door to the network behind it. */
export interface ExamineTargets {
  /** The URLs of the broker's own listeners, the console's among them. */
  readonly listeners: () => readonly string[];
  /** Whether a name leads to this broker: of its certificate or of a tenant. */
  readonly isOwnName: (host: string) => boolean;
  /** `admin.doctorTargets`. */
  readonly listed: () => readonly string[];
}

/** Why a place may be looked at: it is the broker's own, it is named, or it falls under a pattern. */
export type ExamineRight = "own" | "named" | "pattern";

/** Undefined for a place that may not. */
export function rightToExamine(place: ExaminedPlace, targets: ExamineTargets): ExamineRight | undefined {
  if (isOwn(place, targets)) return "own";
  const fitting = targets.listed().filter((target) => fits(place, target));
  if (fitting.length === 0) return undefined;
  return fitting.every((target) => target.startsWith("*.")) ? "pattern" : "named";
}

function isOwn({ host, port }: ExaminedPlace, { listeners, isOwnName }: ExamineTargets): boolean {
  const own = listeners().map((url) => new URL(url.replace(/^\w+:/, "http:")));
  // The port that `http:` leaves out is not one of MQTT's.
  const atPort = own.filter((url) => Number(url.port || 80) === port);
  if (atPort.length === 0) return false;
  const isHere = isLoopbackHost(host) || isMachineName(host);
  return isHere || isOwnName(host) || atPort.some((url) => url.hostname.replace(/^\[|\]$/g, "") === host);
}

/** `HOST:PORT` or `HOST`, where a host that begins with `*.` stands for all names below it. */
function fits({ host, port }: ExaminedPlace, target: string): boolean {
  const [, pattern = "", only] = /^(.*?)(?::(\d+))?$/.exec(target.toLowerCase()) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  return pattern.startsWith("*.")
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern.replace(/^\[|\]$/g, "");
}
