import type { ConnackPacket } from "@bowline/protocol";
import type { DetailedPeerCertificate } from "node:tls";
import type { AttemptFacts } from "@bowline/protocol/internal";
import { dial } from "./probes/dial.ts";
import { howItEnded, introduce, promptMs } from "./talk/introduce.ts";
import { secure } from "./probes/secure.ts";
import { upgrade } from "./probes/upgrade.ts";
import { isTls, isWebSocket } from "./client-settings.ts";
import type { AttemptLog } from "./run-log.ts";
import type { Settings } from "./settings.ts";
import { RecordedTalk } from "./talk/recorded-talk.ts";
import type { Budget } from "./budget.ts";
import { mayStillAnswer, type Tried } from "./cures.ts";
import type { LayerTimes } from "./stay.ts";
import { Conversation } from "./wire/conversation.ts";
import { Link } from "./wire/link.ts";

/** How far one attempt came. */
export interface Attempt extends Tried {
  readonly chain: readonly DetailedPeerCertificate[];
  /** Whether credentials were kept back from a server that did not prove who it is. */
  readonly withheld: boolean;
  readonly connack?: ConnackPacket;
  /** Milliseconds each layer took. */
  readonly ms: LayerTimes;
}

const dialMs = 1500;
const stepMs = 1500;
// Authorizers may be asked here already, and what remains is enough for the two or three changes that follow.
const upgradeMs = 2500;
const verdictMs = 300;

/** Goes from an address to a CONNACK, as one set of settings says, and stops where it does not go on. */
export async function attempt(settings: Settings, budget: Budget): Promise<Attempt> {
  const log = settings.log?.begin(beginText(settings));
  const tried = await climb(settings, budget, log);
  log?.("ends", endText(tried));
  return tried;
}

function beginText({ scheme, host, port, address, version, serverName, alpnProtocols, subprotocols }: Settings): string {
  const odd = [
    ...(serverName === undefined ? [] : [`server name ${serverName === false ? "none" : serverName}`]),
    ...(alpnProtocols === undefined ? [] : [`ALPN ${alpnProtocols.join()}`]),
    ...(scheme.startsWith("ws") ? [`subprotocols ${subprotocols.join()}`] : []),
  ];
  return [`${scheme}://${host}:${port} at ${address}, MQTT level ${version}`, ...odd].join(", ");
}

function endText({ facts: { milestone, errors = [], closedBy, timedOut, http, connack }, talk }: Attempt): string {
  const seen = [
    ...(http === undefined ? [] : [`HTTP ${http.status}`]),
    ...(connack === undefined ? [] : [`CONNACK ${connack.reasonCode}`]),
    ...errors.map(({ code, message }) => code ?? message ?? ""),
    ...(closedBy === undefined ? [] : [closedBy]),
    ...(timedOut === true ? [talk === undefined ? "no answer in time" : "no answer so far"] : []),
  ];
  return [milestone ?? "nothing", ...seen].join(", ");
}

async function climb(settings: Settings, budget: Budget, log: AttemptLog | undefined): Promise<Attempt> {
  const target = { scheme: settings.scheme, host: settings.host, port: settings.port, path: settings.path };
  const dialled = await dial(settings.address, settings.dialPort, budget.upTo(dialMs));
  const { socket, error } = dialled;
  const known: AttemptFacts = { target, runtime: "node", milestone: "resolved" };
  const ended = (facts: AttemptFacts): Attempt => ({ facts: { ...known, ...facts }, chain: [], withheld: false, ms: {} });
  if (socket === undefined) return ended(error === undefined ? { timedOut: true } : { errors: [error] });
  if (!isTls(settings)) return overLink(new Link(socket), { ...known, milestone: "connected" }, settings, budget, true, log);

  const startedAt = performance.now();
  const secured = await secure(settings, socket, budget.upTo(stepMs));
  const { tls, chain } = secured;
  if (secured.socket === undefined) {
    const closedBy = secured.errors.some(({ code }) => code === "ECONNRESET") ? "reset" : "fin";
    const errors = secured.errors.length === 0 ? {} : { errors: secured.errors };
    return ended({ milestone: "connected", tls, ...errors, ...(secured.timedOut ? { timedOut: true } : { closedBy }) });
  }
  const isTrusted = settings.insecure || tls.authorizationError === undefined;
  const link = new Link(secured.socket);
  const handshakeMs = performance.now() - startedAt;
  // In TLS 1.3 the server judges our certificate after we are done. A packet sent meanwhile is unread when it closes, and the reset that
  // follows can overtake its alert.
  if (tls.protocol === "TLSv1.3") await link.wait(budget.upTo(Math.min(verdictMs, handshakeMs + 20)));
  const further = await overLink(link, { ...known, milestone: "secured", tls }, settings, budget, isTrusted, log);
  return { ...further, chain, ms: { ...further.ms, tls: handshakeMs } };
}

async function overLink(
  link: Link,
  known: AttemptFacts,
  settings: Settings,
  budget: Budget,
  isTrusted: boolean,
  log: AttemptLog | undefined,
): Promise<Attempt> {
  const ms: { http?: number; mqtt?: number } = {};
  let facts = known;
  if (isWebSocket(settings)) {
    const startedAt = performance.now();
    facts = await overHttp(link, facts, settings, budget, isTrusted);
    ms.http = performance.now() - startedAt;
    if (facts.milestone !== "upgraded") {
      link.destroy();
      return { facts, chain: [], withheld: false, ms };
    }
  }
  const bare = new Conversation(link, settings.version, isWebSocket(settings));
  const talk = log === undefined ? bare : new RecordedTalk(bare, log);
  budget.whenEnded(() => link.destroy());
  const startedAt = performance.now();
  const introduction = await introduce(talk, settings, isTrusted, budget.upTo(promptMs));
  ms.mqtt = performance.now() - startedAt;
  const ws = facts.ws === undefined ? {} : { ws: { ...facts.ws, ...introduction.facts.ws } };
  facts = { ...facts, ...introduction.facts, ...ws };
  const hasSecrets = settings.username !== undefined || settings.password !== undefined;
  const withheld = hasSecrets && !isTrusted;
  const { connack } = introduction;
  if (connack?.reasonCode === 0) return { facts, chain: [], withheld, talk, connack, ms };
  if (mayStillAnswer(facts)) return { facts, chain: [], withheld, talk, ms };
  link.destroy();
  return { facts, chain: [], withheld, ms };
}

async function overHttp(
  link: Link,
  known: AttemptFacts,
  settings: Settings,
  budget: Budget,
  isTrusted: boolean,
): Promise<AttemptFacts> {
  const { host, port, path, subprotocols, origin, headers } = settings;
  // Tokens stand in queries and headers: a server that did not prove who it is gets neither.
  const shown = isTrusted ? { path, headers } : { path: path.replace(/\?.*/s, ""), headers: {} };
  const answer = await upgrade(link, { host, port, subprotocols, origin, ...shown }, budget.upTo(upgradeMs));
  const ws = { offered: subprotocols };
  switch (answer.outcome) {
    case "open":
      return { ...known, milestone: "upgraded", ws: { ...ws, everOpened: true, chosen: answer.chosen ?? "" } };
    case "refused":
      return { ...known, ws, ...(answer.http === undefined ? {} : { http: answer.http }) };
    case "not-http":
      return { ...known, ws, ...(answer.firstBytes === undefined ? {} : { firstBytes: answer.firstBytes }) };
    case "late":
      return { ...known, ws, timedOut: true };
    case "ended":
      return { ...known, ...howItEnded(new Conversation(link, settings.version, false)), ws };
  }
}
