import type { ConnackPacket } from "@bowline/protocol";
import type { Healing } from "@bowline/protocol/internal";
import { type ClientSettings, isWebSocket } from "./client-settings.ts";
import { hasSucceeded, type Tried } from "./cures.ts";
import type { Notes } from "./notes.ts";
import { findInLimits, isAwsHost, keepsAwsLimits, limitsOf, sessionLimits } from "./session-findings.ts";
import { type Held, hold } from "./talk/hold.ts";
import { randomHex, randomId } from "./talk/random-id.ts";
import { roundTrip } from "./talk/round-trip.ts";
import { promptMs } from "./talk/introduce.ts";
import type { Talk } from "./talk/talk.ts";

const tripMs = 1500;
// In less than this a message that is missing says nothing.
const tripMsMin = 700;
// A server that refuses late does so within this time.
const settleMs = 500;
const versionNames = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

/** Milliseconds the layers took, from the handshake on. */
export type LayerTimes = Partial<Record<"tls" | "http" | "mqtt", number>>;

/** P8 to P10: inside a session, what is allowed and whether it lasts. */
export class Stay<S extends ClientSettings> {
  private readonly notes: Notes;
  private readonly settings: S;
  private readonly talk: Talk;
  private readonly attempt: (settings: S) => Promise<Tried>;
  /** When the last packet passed. */
  private quietSince = performance.now();

  constructor(notes: Notes, settings: S, talk: Talk, attempt: (settings: S) => Promise<Tried>) {
    this.notes = notes;
    this.settings = settings;
    this.talk = talk;
    this.attempt = attempt;
  }

  async run(connack: ConnackPacket, ms: LayerTimes): Promise<void> {
    try {
      if (isWebSocket(this.settings)) this.notes.line("http", "ok", `WebSocket, ${this.settings.subprotocols.join()}`, ms.http);
      this.notes.limits = limitsOf(connack);
      if (connack.sessionPresent) {
        this.notes.fail("mqtt");
        return;
      }
      this.connackLine(ms.mqtt);
      const { findings, options, facts } = this.notes;
      const isKept = keepsAwsLimits(findings, facts, this.settings, options);
      const canSend = findInLimits(findings, connack, facts, this.settings, options) && isKept;
      const works = canSend && (await this.authorize(connack));
      if (works && options.holdSeconds !== undefined) await this.keep(options.holdSeconds * 1000);
    } finally {
      this.talk.destroy();
    }
  }

  private connackLine(ms = 0): void {
    const text = `CONNACK 0, MQTT ${versionNames[this.settings.version]}`;
    const slow = `${text}, after ${(ms / 1000).toFixed(1)} s: the server or its authorizer is slow, and an impatient client gives up`;
    if (ms > promptMs) this.notes.line("mqtt", "warn", slow, ms);
    else this.notes.line("mqtt", "ok", text, ms);
  }

  /** P9. Returns whether the connection is still there. */
  private async authorize(connack: ConnackPacket): Promise<boolean> {
    const { options } = this.notes;
    // AWS closes the connection of whoever asks for a topic its policy does not name.
    if (options.topic === undefined && isAwsHost(this.settings.host)) return true;
    const mayTakeMs = options.holdSeconds === undefined ? this.notes.budget.upTo(tripMs) : tripMs;
    if (mayTakeMs < tripMsMin) {
      this.notes.line("authz", "warn", "not tried, since the CONNACK took the time; --hold 10 takes more");
      return true;
    }
    const plan = {
      topicName: options.topic ?? `doctor/${randomHex(6)}`,
      qos: options.qos ?? (Math.min(1, connack.properties?.maximumQoS ?? 1) as 0 | 1),
      retain: options.retain === true,
      payloadBytes: options.payloadBytes ?? 0,
      limits: sessionLimits(connack),
    };
    const trip = await roundTrip(this.talk, plan, mayTakeMs);
    this.quietSince = performance.now();
    if (trip.ms !== undefined && trip.facts.session?.roundTrip?.hasArrived === true) {
      this.notes.line("authz", "ok", `a message to ${plan.topicName} came back`, trip.ms);
      return this.settles();
    }
    const after = { ...this.notes.facts, ...trip.facts };
    const isOurChoice = options.topic === undefined && trip.facts.disconnect === undefined && trip.facts.closedBy === undefined;
    if (isOurChoice) {
      this.notes.findings.note("SUB_DENIED", "warn", `no message came back on ${plan.topicName}`, after, [
        "The topic is the doctor's own: name one of yours with --topic.",
      ]);
      this.notes.line("authz", "warn", `no message came back on ${plan.topicName}; --topic names one that is allowed`);
      return this.settles();
    }
    this.notes.facts = after;
    this.notes.fail();
    return false;
  }

  /** Waits a moment for a server that accepts and then thinks better of it. */
  private async settles(): Promise<boolean> {
    const held = await hold(this.talk, this.notes.budget.upTo(settleMs), Infinity, this.quietSince);
    if (held.facts === undefined) return true;
    await this.explainDrop(held);
    return false;
  }

  private async explainDrop({ facts, silentMs }: Held): Promise<void> {
    const cures = facts?.disconnect === undefined && facts?.timedOut !== true ? await this.whatKeeps(silentMs) : [];
    this.notes.facts = { ...this.notes.facts, ...facts, ...(cures.length === 0 ? {} : { healedBy: cures }) };
    const seconds = Math.max(1, Math.round(silentMs / 1000));
    const keepAlive = Math.max(1, Math.floor(silentMs / 2000));
    const hints = [`It is cut after about ${seconds} s without a packet: set the keep alive to ${keepAlive} s or less.`];
    this.notes.fail("session", cures[0] === "shorter-keep-alive" ? hints : []);
  }

  /** P8 */
  private async keep(ms: number): Promise<void> {
    const held = await hold(this.talk, ms, Math.max(1000, this.settings.keepAlive * 500), this.quietSince);
    if (held.facts === undefined) {
      const pings = held.pingsMs.length === 0 ? "" : `, ping ${Math.round(Math.max(...held.pingsMs))} ms`;
      this.notes.line("session", "ok", `stayed for ${Math.round(ms / 1000)} s${pings}`);
      return;
    }
    await this.explainDrop(held);
  }

  /** Whether a connection lives longer with another identifier, or with pings. */
  private async whatKeeps(silentMs: number): Promise<readonly Healing[]> {
    const { settings } = this;
    // What cut it may have begun to count before we did.
    const ms = silentMs * 1.5 + 2 * settleMs;
    const survives = async (changed: S, pingEveryMs: number): Promise<boolean> => {
      const tried = await this.attempt(changed);
      const held = hasSucceeded(tried) && tried.talk !== undefined ? await hold(tried.talk, ms, pingEveryMs) : undefined;
      tried.talk?.destroy();
      return held !== undefined && held.facts === undefined;
    };
    const [unchanged, byId, byPings] = await Promise.all([
      survives(settings, Infinity),
      settings.isOwnId === true ? survives({ ...settings, clientId: randomId() }, Infinity) : false,
      survives({ ...settings, clientId: randomId() }, Math.max(200, silentMs / 3)),
    ]);
    if (unchanged) return [];
    if (byId) return ["random-client-id"];
    return byPings ? ["shorter-keep-alive"] : [];
  }
}
