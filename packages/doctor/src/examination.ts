import { randomBytes } from "node:crypto";
import { type ConnackPacket, validateTopicName } from "@bowline/protocol";
import { type AttemptFacts, addressClass, type Healing, staticWarnings } from "@bowline/protocol/internal";
import { type Attempt, attempt, hasSucceeded } from "./attempt.ts";
import { findInCertificate } from "./certificate-findings.ts";
import { Findings } from "./findings.ts";
import type { DoctorOptions } from "./options.ts";
import { asksForCertificate } from "./probes/ask-certificate.ts";
import { dial } from "./probes/dial.ts";
import { proxyIn, reachesThroughProxy } from "./probes/environment-proxy.ts";
import { type Held, hold } from "./probes/hold.ts";
import { listenFirst } from "./probes/listen-first.ts";
import { checkLocalFiles } from "./probes/local-files.ts";
import { lookUp, systemResolver } from "./probes/look-up.ts";
import { findPath } from "./probes/paths.ts";
import { roundTrip } from "./probes/round-trip.ts";
import { scan } from "./probes/scan.ts";
import { readTarget } from "./read-target.ts";
import type { Limits, StageLine } from "./report.ts";
import { findInLimits, isAwsHost, keepsAwsLimits, limitsOf, sessionLimits } from "./session-findings.ts";
import { isTls, isWebSocket, type Settings } from "./settings.ts";
import { findCures, randomId } from "./variants.ts";
import { Budget } from "./wire/budget.ts";
import type { Conversation } from "./wire/conversation.ts";

// All probes together; a hold comes on top.
const wholeMs = 4600;
const lookUpMs = 2000;
const dialMs = 3000;
const tripMs = 1500;
// A server that refuses late does so within this time.
const settleMs = 500;
const defaultKeepAlive = 50;

/** One run: the ladder of probes, each only if the one before allows it. */
export class Examination {
  readonly findings: Findings = new Findings();
  readonly stages: StageLine[] = [];
  facts: AttemptFacts = {};
  limits: Limits = {};
  chain: readonly string[] = [];
  private readonly options: DoctorOptions;
  private readonly budget = new Budget(wholeMs);

  constructor(options: DoctorOptions) {
    this.options = options;
  }

  async run(url: string): Promise<void> {
    const read = readTarget(url);
    if (read.target === undefined) {
      this.facts = read.fault ?? {};
      const { title, because } = this.findings.diagnose(this.facts, read.hints);
      this.line("input", "fail", `${title}: ${because}`);
      return;
    }
    const { target } = read;
    this.facts = { target, runtime: "node", nowMs: this.now() };
    if (!this.checkInput()) return;
    const addresses = await this.resolve(target.host, target.path);
    if (addresses === undefined) return;
    const address = await this.reach(addresses, this.options.connectTo?.port ?? target.port);
    if (address === undefined) return;
    const settings = this.settingsFor(read, address);
    await this.converse(settings);
  }

  private now(): number {
    return this.options.now?.() ?? Date.now();
  }

  private line(stage: StageLine["stage"], status: StageLine["status"], text: string, ms?: number): void {
    this.stages.push({ stage, status, text, ...(ms === undefined ? {} : { ms: Math.round(ms) }) });
  }

  /** P0. Returns whether a client could dial at all. */
  private checkInput(): boolean {
    const { findings, options, facts } = this;
    const { serverName } = options;
    const tls = serverName === undefined ? {} : { tls: { serverName } };
    for (const { code, evidence } of staticWarnings({ ...facts, ...tls })) findings.note(code, "warn", evidence, facts);
    const { topic, will } = options;
    if (topic !== undefined && validateTopicName(topic) !== undefined) findings.note("TOPIC_INVALID", "fail", topic, facts);
    if (will !== undefined && validateTopicName(will.topicName) !== undefined) {
      findings.note("TOPIC_NAME", "fail", `the will's topic is ${will.topicName}`, facts);
    }
    if (findings.list.some(({ severity }) => severity === "fail")) return false;
    if (facts.target?.scheme !== "mqtts" && facts.target?.scheme !== "wss") return true;
    const { unusable, badAuthority, expiredSince } = checkLocalFiles(options, this.now());
    if (badAuthority !== undefined) findings.note("TLS_CA_FILE_BAD", "fail", badAuthority, facts);
    if (unusable !== undefined) {
      const { title } = findings.diagnose({ ...facts, ...unusable });
      this.line("input", "fail", title);
      return false;
    }
    if (expiredSince !== undefined)
      findings.note("MTLS_EXPIRED", "warn", `since ${expiredSince.toISOString().slice(0, 10)}`, facts);
    return true;
  }

  /** P1 */
  private async resolve(host: string, path: string): Promise<readonly string[] | undefined> {
    if (this.facts.target?.scheme === "unix") return [path];
    const { connectTo, resolver = systemResolver } = this.options;
    const found = await lookUp(connectTo?.host ?? host, resolver, this.budget.upTo(lookUpMs));
    const { addresses = [] } = found.dns;
    const errors = found.errors.length === 0 ? {} : { errors: found.errors };
    this.facts = { ...this.facts, milestone: "started", dns: found.dns, ...errors, ...(found.timedOut ? { timedOut: true } : {}) };
    if (addresses.length === 0 || found.errors.length > 0) {
      const { title, because } = this.findings.diagnose(this.facts);
      this.line("dns", "fail", `${title}: ${because}`, found.ms);
      return undefined;
    }
    const alias = found.dns.cname === undefined ? "" : ` (an alias of ${found.dns.cname})`;
    this.line("dns", "ok", `${addresses.join(", ")}${alias}`, found.ms);
    this.facts = { ...this.facts, milestone: "resolved" };
    return addresses;
  }

  /** P2 and P3. Resolves with the first address that takes a connection and keeps it. */
  private async reach(addresses: readonly string[], port: number): Promise<string | undefined> {
    const dialled = await Promise.all(addresses.map((address) => dial(address, port, this.budget.upTo(dialMs))));
    const open = dialled.filter(({ socket }) => socket !== undefined);
    const texts = dialled.map(({ address, socket, error, ms }) =>
      socket === undefined ? `${address} ${error?.code ?? "no answer"}` : `${address} in ${Math.round(ms)} ms`,
    );
    const [first] = open;
    for (const { socket } of open.slice(1)) socket?.destroy();
    if (first?.socket === undefined) {
      const errors = dialled.flatMap(({ error }) => (error === undefined ? [] : [error]));
      await this.unreached(errors.length === 0 ? { timedOut: true } : { errors }, addresses[0] ?? "", port, texts);
      return undefined;
    }
    const { bytes, closedBy } = await listenFirst(first.socket);
    if (bytes === undefined && closedBy === undefined) {
      this.line("tcp", open.length < dialled.length ? "warn" : "ok", texts.join(", "), first.ms);
      return first.address;
    }
    this.facts = { ...this.facts, milestone: "connected" };
    const seen =
      bytes === undefined ? { endedFirst: true, ...(closedBy && { closedBy }) } : { firstBytes: bytes, spokeFirst: true };
    this.facts = { ...this.facts, ...seen };
    const { title, because } = this.findings.diagnose(this.facts);
    this.line("tcp", "fail", `${title}: ${because}`, first.ms);
    return undefined;
  }

  private async unreached(more: AttemptFacts, address: string, port: number, texts: readonly string[]): Promise<void> {
    const { options } = this;
    const { host = "", port: asked = port } = this.facts.target ?? {};
    const others = options.scan === true ? await scan(address, port, this.budget.upTo(1000)) : [];
    const proxy = proxyIn(options.environment ?? process.env);
    const isPublic = proxy !== undefined && addressClass(address) !== "loopback";
    const wantsProxy = proxy !== undefined && (isPublic || options.environment !== undefined);
    const isThrough = wantsProxy && (await reachesThroughProxy(proxy, host, asked, this.budget.upTo(1000)));
    const healedBy: readonly Healing[] = isThrough ? ["proxy"] : [];
    this.facts = {
      ...this.facts,
      ...more,
      ...(others.length === 0 ? {} : { otherPortAnswers: true }),
      ...(wantsProxy ? { hasProxyEnvironment: true } : {}),
      ...(healedBy.length === 0 ? {} : { healedBy }),
    };
    const open = others.length === 0 ? [] : [`These ports of the host are open: ${others.join(", ")}.`];
    const { title } = this.findings.diagnose(this.facts, open);
    this.line("tcp", "fail", `${title}: ${texts.join(", ")}`);
  }

  private settingsFor(read: ReturnType<typeof readTarget>, address: string): Settings {
    const { options } = this;
    const { scheme = "mqtt", host = "", port = 1883, path = "" } = read.target ?? {};
    const { ca, cert, key, passphrase, serverName, alpnProtocols, origin, will, authentication } = options;
    return {
      ...{ scheme, host, port, path, address, dialPort: options.connectTo?.port ?? port },
      ...{ ca, cert, key, passphrase, serverName, alpnProtocols, origin, will, authentication },
      subprotocols: options.subprotocols ?? ["mqtt"],
      headers: options.headers ?? {},
      version: options.protocolVersion ?? 5,
      clientId: options.clientId ?? randomId(),
      isOwnId: options.clientId !== undefined,
      keepAlive: options.keepAlive ?? defaultKeepAlive,
      username: options.username ?? read.username,
      password: options.password ?? read.password,
      insecure: options.insecure === true,
    };
  }

  /** P4 to P10 */
  private async converse(settings: Settings): Promise<void> {
    const tried = await attempt(settings, this.budget);
    const failed = hasSucceeded(tried) ? undefined : await this.understand(tried, settings);
    const { dns } = this.facts;
    // The rules of AWS look at the user name even where the answer came before CONNECT.
    const who = settings.username === undefined ? {} : { connect: { userName: settings.username } };
    this.facts = { ...who, ...(failed ?? tried.facts), nowMs: this.now(), ...(dns === undefined ? {} : { dns }) };
    const inspected = findInCertificate(this.findings, tried.chain, this.facts, settings, this.now());
    this.chain = inspected?.lines ?? [];
    this.tlsLine(tried, inspected !== undefined && inspected.failures.length > 0);
    if (tried.talk !== undefined && tried.connack !== undefined) {
      await this.insideSession(tried.talk, tried.connack, settings, tried);
      return;
    }
    if (this.explainedByWithholding(tried)) return;
    const { tls, ...rest } = this.facts;
    const { authorizationError: _, ...otherTls } = tls ?? {};
    const hints = await this.hintsFor(settings);
    const { stage, title, because } = this.findings.diagnose({ ...rest, ...(tls === undefined ? {} : { tls: otherTls }) }, hints);
    this.line(stageOf(stage), "fail", `${title}: ${because}`);
  }

  /** An attempt without its credentials was refused, as it had to be: that is no fault of its own. */
  private explainedByWithholding({ withheld, facts }: Attempt): boolean {
    if (!withheld || ![5, 4, 134, 135].includes(facts.connack?.reasonCode ?? 0)) return false;
    this.line("mqtt", "warn", "the credentials were not sent, since the server did not prove who it is; --insecure sends them");
    return true;
  }

  /** Tries what could heal the attempt, and looks for a request for a client certificate. */
  private async understand(tried: Attempt, settings: Settings): Promise<AttemptFacts> {
    const { facts } = tried;
    const [healedBy, wasAsked] = await Promise.all([
      findCures(tried, settings, this.budget),
      isTls(settings) && facts.milestone === "connected" ? this.wasCertificateAsked(settings) : undefined,
    ]);
    const tls = wasAsked === undefined ? {} : { tls: { ...facts.tls, wasCertificateRequested: wasAsked } };
    const asked = wasAsked === true && settings.cert === undefined;
    // A server that asks for a certificate has chosen version and cipher already: what else heals is beside the point.
    const cures = asked ? [] : healedBy;
    return { ...facts, ...tls, ...(cures.length === 0 ? {} : { healedBy: cures }) };
  }

  private async wasCertificateAsked(settings: Settings): Promise<boolean> {
    const { socket } = await dial(settings.address, settings.dialPort, this.budget.upTo(1000));
    if (socket === undefined) return false;
    const { serverName, host } = settings;
    const name = serverName === false ? undefined : (serverName ?? (addressClass(host) === "name" ? host : undefined));
    return asksForCertificate(socket, host, name, this.budget.upTo(1000));
  }

  private async hintsFor(settings: Settings): Promise<readonly string[]> {
    const status = this.facts.http?.status;
    if (status !== 404 && status !== 200) return [];
    const path = await findPath(settings, this.budget);
    return path === undefined ? [] : [`The path ${path} takes a WebSocket.`];
  }

  private tlsLine({ facts, chain, ms }: Attempt, hasFaults: boolean): void {
    const { tls } = facts;
    if (tls?.protocol === undefined) return;
    const [leaf] = chain;
    const fault = hasFaults ? this.findings.list.find(({ stage }) => stage === "tls" || stage === "dns") : undefined;
    const name = leaf === undefined ? "" : `, ${String(leaf.subject.CN ?? "")}`;
    const text = fault === undefined ? `${tls.protocol}${name}` : `${fault.title}: ${fault.because}`;
    this.line("tls", fault === undefined ? "ok" : "fail", text, ms.tls);
  }

  private async insideSession(talk: Conversation, connack: ConnackPacket, settings: Settings, { ms }: Attempt): Promise<void> {
    try {
      if (isWebSocket(settings)) this.line("http", "ok", `WebSocket, ${settings.subprotocols.join()}`, ms.http);
      this.limits = limitsOf(connack);
      if (connack.sessionPresent) {
        const { title } = this.findings.diagnose(this.facts);
        this.line("mqtt", "fail", title, ms.mqtt);
        return;
      }
      this.line(
        "mqtt",
        "ok",
        `CONNACK 0, MQTT ${settings.version === 5 ? "5.0" : settings.version === 4 ? "3.1.1" : "3.1"}`,
        ms.mqtt,
      );
      const { findings, options, facts } = this;
      const isKept = keepsAwsLimits(findings, facts, settings, options);
      const canSend = findInLimits(findings, connack, facts, settings, options) && isKept;
      const works = canSend && (await this.authorize(talk, connack, settings));
      if (works && options.holdSeconds !== undefined) await this.keep(talk, settings, options.holdSeconds * 1000);
    } finally {
      talk.link.destroy();
    }
  }

  /** P9. Returns whether the connection is still there. */
  private async authorize(talk: Conversation, connack: ConnackPacket, settings: Settings): Promise<boolean> {
    const { options } = this;
    // AWS closes the connection of whoever asks for a topic its policy does not name.
    if (options.topic === undefined && isAwsHost(settings.host)) return true;
    const plan = {
      topicName: options.topic ?? `doctor/${randomBytes(6).toString("hex")}`,
      qos: options.qos ?? (Math.min(1, connack.properties?.maximumQoS ?? 1) as 0 | 1),
      retain: options.retain === true,
      payloadBytes: options.payloadBytes ?? 0,
      limits: sessionLimits(connack),
    };
    const trip = await roundTrip(talk, plan, this.budget.upTo(tripMs));
    if (trip.ms !== undefined && trip.facts.session?.roundTrip?.hasArrived === true) {
      this.line("authz", "ok", `a message to ${plan.topicName} came back`, trip.ms);
      return this.settles(talk, settings);
    }
    const after = { ...this.facts, ...trip.facts };
    const isOurChoice = options.topic === undefined && trip.facts.disconnect === undefined && trip.facts.closedBy === undefined;
    if (isOurChoice) {
      this.findings.note("SUB_DENIED", "warn", `no message came back on ${plan.topicName}`, after, [
        "The topic is the doctor's own: name one of yours with --topic.",
      ]);
      this.line("authz", "warn", `no message came back on ${plan.topicName}; --topic names one that is allowed`);
      return false;
    }
    this.facts = after;
    const { title, because, stage } = this.findings.diagnose(after);
    this.line(stageOf(stage), "fail", `${title}: ${because}`);
    return false;
  }

  /** Waits a moment for a server that accepts and then thinks better of it. */
  private async settles(talk: Conversation, settings: Settings): Promise<boolean> {
    const held = await hold(talk, this.budget.upTo(settleMs), Infinity);
    if (held.facts === undefined) return true;
    await this.explainDrop(held, settings);
    return false;
  }

  private async explainDrop({ facts, ageMs }: Held, settings: Settings): Promise<void> {
    const cures = facts?.disconnect === undefined && facts?.timedOut !== true ? await this.whatKeeps(settings, ageMs) : [];
    this.facts = { ...this.facts, ...facts, ...(cures.length === 0 ? {} : { healedBy: cures }) };
    const keepAlive = Math.max(1, Math.floor(ageMs / 2000));
    const hints = cures[0] === "shorter-keep-alive" ? [`Set the keep alive to ${keepAlive} s or less.`] : [];
    const { title, because } = this.findings.diagnose(this.facts, hints);
    this.line("session", "fail", `${title}, after ${(ageMs / 1000).toFixed(1)} s: ${because}`);
  }

  /** P8 */
  private async keep(talk: Conversation, settings: Settings, ms: number): Promise<void> {
    const held = await hold(talk, ms, Math.max(1000, settings.keepAlive * 500));
    if (held.facts === undefined) {
      const pings = held.pingsMs.length === 0 ? "" : `, ping ${Math.round(Math.max(...held.pingsMs))} ms`;
      this.line("session", "ok", `stayed for ${Math.round(ms / 1000)} s${pings}`);
      return;
    }
    await this.explainDrop(held, settings);
  }

  /** Whether a connection lives longer with another identifier, or with pings. */
  private async whatKeeps(settings: Settings, ageMs: number): Promise<readonly Healing[]> {
    const ms = ageMs * 1.5 + 500;
    const survives = async (changed: Settings, pingEveryMs: number): Promise<boolean> => {
      const { talk } = await attempt(changed, new Budget(wholeMs));
      if (talk === undefined) return false;
      const { facts } = await hold(talk, ms, pingEveryMs);
      talk.link.destroy();
      return facts === undefined;
    };
    const [unchanged, byId, byPings] = await Promise.all([
      survives(settings, Infinity),
      settings.isOwnId === true ? survives({ ...settings, clientId: randomId() }, Infinity) : false,
      survives({ ...settings, clientId: randomId() }, Math.max(200, ageMs / 3)),
    ]);
    if (unchanged) return [];
    if (byId) return ["random-client-id"];
    return byPings ? ["shorter-keep-alive"] : [];
  }
}

function stageOf(stage: string): StageLine["stage"] {
  const known = ["input", "dns", "tcp", "tls", "http", "mqtt", "session", "authz"] as const;
  return known.find((name) => name === stage) ?? (stage === "ws" ? "http" : "mqtt");
}
