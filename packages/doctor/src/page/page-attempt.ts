import type { ConnackPacket } from "@bowline/protocol";
import type { AttemptFacts, PageFacts } from "@bowline/protocol/internal";
import type { Budget } from "../budget.ts";
import type { ClientSettings } from "../client-settings.ts";
import { mayStillAnswer, type Tried } from "../cures.ts";
import type { LayerTimes } from "../stay.ts";
import { introduce, promptMs } from "../talk/introduce.ts";
import { openWebSocket } from "./open-web-socket.ts";
import { WebSocketTalk } from "./web-socket-talk.ts";

/** How far one attempt of a page came. */
export interface PageAttempt extends Tried {
  readonly connack?: ConnackPacket;
  readonly ms: LayerTimes;
}

// Name, TCP, TLS and upgrade are one step here, and a browser may hold a WebSocket back that failed before.
const openMs = 2500;

/** Goes from a URL to a CONNACK, and stops where it does not go on. */
export async function attemptInPage(settings: ClientSettings, page: PageFacts, budget: Budget): Promise<PageAttempt> {
  const { scheme, host, port, path } = settings;
  const known: AttemptFacts = { target: { scheme, host, port, path }, runtime: "browser", page, milestone: "started" };
  const opening = await openWebSocket(urlOf(settings), settings.subprotocols, budget.upTo(openMs));
  const { outcome, socket, ws, errors, cspViolation } = opening;
  if (socket === undefined) {
    const seen = cspViolation === undefined ? {} : { page: { ...page, cspViolation } };
    const late = outcome === "late" ? { timedOut: true } : { msToFail: Math.round(opening.ms) };
    return { facts: { ...known, ...seen, ...late, ws, ...(errors === undefined ? {} : { errors }) }, ms: {} };
  }
  const talk = new WebSocketTalk(socket, settings.version, ws);
  budget.whenEnded(() => talk.destroy());
  const startedAt = performance.now();
  const { facts: told, connack } = await introduce(talk, settings, true, budget.upTo(promptMs));
  const ms = { http: opening.ms, mqtt: performance.now() - startedAt };
  const facts: AttemptFacts = { ...known, ...told, ws: { ...ws, ...told.ws } };
  if (connack?.reasonCode === 0) return { facts, talk, connack, ms };
  if (mayStillAnswer(facts)) return { facts, talk, ms };
  talk.destroy();
  return { facts, ms };
}

/** What a URL is made of. */
export interface Address extends Pick<ClientSettings, "host" | "port" | "path"> {
  readonly scheme: string;
}

/** The address of a WebSocket, or under another scheme that of the same place. */
export function urlOf({ scheme, host, port, path }: Address): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}
