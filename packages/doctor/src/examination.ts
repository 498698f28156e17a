import { validateTopicName } from "@bowline/protocol";
import { type AttemptFacts, addressClass, type Healing, staticWarnings } from "@bowline/protocol/internal";
import { Dialogue } from "./dialogue.ts";
import { Notes } from "./notes.ts";
import type { DoctorOptions } from "./options.ts";
import { dial } from "./probes/dial.ts";
import { proxyIn, reachesThroughProxy } from "./probes/environment-proxy.ts";
import { listenFirst } from "./probes/listen-first.ts";
import { checkLocalFiles } from "./probes/local-files.ts";
import { lookUp, systemResolver } from "./probes/look-up.ts";
import { scan } from "./probes/scan.ts";
import { findInProfile, meantHost } from "./profiles.ts";
import { type ReadTarget, readTarget } from "./read-target.ts";
import { RunLog } from "./run-log.ts";
import type { Settings } from "./settings.ts";
import { unsayable } from "./talk/introduce.ts";
import { randomId } from "./talk/random-id.ts";

const lookUpMs = 2000;
const dialMs = 3000;
const defaultKeepAlive = 50;

/** One run: the ladder of probes, each only if the one before allows it. This file climbs it to a connection. */
export class Examination {
  readonly notes: Notes;
  private readonly log: RunLog | undefined;

  constructor(options: DoctorOptions) {
    this.notes = new Notes(options);
    this.log = options.log === undefined ? undefined : new RunLog(options.log);
  }

  async run(url: string): Promise<void> {
    const read = readTarget(url);
    if (read.target === undefined) {
      this.notes.facts = read.fault ?? {};
      this.notes.fail("input", read.hints);
      return;
    }
    const { target } = read;
    this.notes.facts = { target, runtime: "node", nowMs: this.notes.now() };
    if (!this.checkInput(read)) return;
    const addresses = await this.resolve(target.host, target.path);
    if (addresses === undefined) return;
    const address = await this.reach(addresses, this.notes.options.connectTo?.port ?? target.port);
    if (address === undefined) return;
    const settings = this.settingsFor(read, address);
    await new Dialogue(this.notes).run(settings);
  }

  /** P0. Returns whether a client could dial at all. */
  private checkInput(read: ReadTarget): boolean {
    const { findings, options, facts } = this.notes;
    const { serverName } = options;
    const tls = serverName === undefined ? {} : { tls: { serverName } };
    for (const { code, evidence } of staticWarnings({ ...facts, ...tls })) findings.note(code, "warn", evidence, facts);
    findInProfile(findings, facts, {
      ...options,
      username: options.username ?? read.username,
      password: options.password ?? read.password,
    });
    const { topic, will } = options;
    if (topic !== undefined && validateTopicName(topic) !== undefined) findings.note("TOPIC_INVALID", "fail", topic, facts);
    if (will !== undefined && validateTopicName(will.topicName) !== undefined) {
      findings.note("TOPIC_NAME", "fail", `the will's topic is ${will.topicName}`, facts);
    }
    const fault = unsayable(this.settingsFor(read, ""));
    if (fault !== undefined) findings.note("PACKET_INVALID", "fail", fault, facts);
    if (findings.list.some(({ severity }) => severity === "fail")) return false;
    if (facts.target?.scheme !== "mqtts" && facts.target?.scheme !== "wss") return true;
    const { unusable, badAuthority, expiredSince } = checkLocalFiles(options, this.notes.now());
    if (badAuthority !== undefined) findings.note("TLS_CA_FILE_BAD", "fail", badAuthority, facts);
    if (unusable !== undefined) {
      this.notes.fail("input", [], { ...facts, ...unusable });
      return false;
    }
    if (expiredSince !== undefined)
      findings.note("MTLS_EXPIRED", "warn", `since ${expiredSince.toISOString().slice(0, 10)}`, facts);
    return true;
  }

  /** P1 */
  private async resolve(host: string, path: string): Promise<readonly string[] | undefined> {
    if (this.notes.facts.target?.scheme === "unix") return [path];
    const { connectTo, resolver = systemResolver } = this.notes.options;
    const found = await lookUp(connectTo?.host ?? host, resolver, this.notes.budget.upTo(lookUpMs));
    const { addresses = [] } = found.dns;
    const errors = found.errors.length === 0 ? {} : { errors: found.errors };
    this.notes.facts = {
      ...this.notes.facts,
      milestone: "started",
      dns: found.dns,
      ...errors,
      ...(found.timedOut ? { timedOut: true } : {}),
    };
    if (addresses.length === 0 || found.errors.length > 0) {
      const meant = meantHost(host);
      this.notes.fail("dns", meant === undefined ? [] : [`Did you mean ${meant}?`]);
      return undefined;
    }
    const alias = found.dns.cname === undefined ? "" : ` (an alias of ${found.dns.cname})`;
    this.notes.line("dns", "ok", `${addresses.join(", ")}${alias}`, found.ms);
    this.notes.facts = { ...this.notes.facts, milestone: "resolved" };
    return addresses;
  }

  /** P2 and P3. Resolves with the first address that takes a connection and keeps it. */
  private async reach(addresses: readonly string[], port: number): Promise<string | undefined> {
    const dialled = await Promise.all(addresses.map((address) => dial(address, port, this.notes.budget.upTo(dialMs))));
    const open = dialled.filter(({ socket }) => socket !== undefined);
    const texts = dialled.map(({ address, socket, error, ms }) =>
      socket === undefined ? `${address} ${error?.code ?? "no answer"}` : `${address} in ${Math.round(ms)} ms`,
    );
    const [first] = open;
    for (const { socket } of open.slice(1)) socket?.destroy();
    if (first?.socket === undefined) {
      const errors = dialled.flatMap(({ error }) => (error === undefined ? [] : [error]));
      const isLate = dialled.some(({ error }) => error === undefined);
      const seen = { ...(isLate ? { timedOut: true } : {}), ...(errors.length === 0 ? {} : { errors }) };
      await this.unreached(seen, addresses[0] ?? "", port, texts);
      return undefined;
    }
    const { bytes, closedBy } = await listenFirst(first.socket);
    if (bytes === undefined && closedBy === undefined) {
      this.notes.line("tcp", open.length < dialled.length ? "warn" : "ok", texts.join(", "), first.ms);
      return first.address;
    }
    this.notes.facts = { ...this.notes.facts, milestone: "connected" };
    const seen =
      bytes === undefined ? { endedFirst: true, ...(closedBy && { closedBy }) } : { firstBytes: bytes, spokeFirst: true };
    this.notes.facts = { ...this.notes.facts, ...seen };
    this.notes.fail("tcp");
    return undefined;
  }

  private async unreached(more: AttemptFacts, address: string, port: number, texts: readonly string[]): Promise<void> {
    const { options } = this.notes;
    const { host = "", port: asked = port } = this.notes.facts.target ?? {};
    const others = options.scan === true ? await scan(address, port, this.notes.budget.upTo(1000)) : [];
    const proxy = proxyIn(options.environment ?? process.env);
    const isPublic = proxy !== undefined && addressClass(address) !== "loopback";
    const wantsProxy = proxy !== undefined && (isPublic || options.environment !== undefined);
    const isThrough = wantsProxy && (await reachesThroughProxy(proxy, host, asked, this.notes.budget.upTo(1000)));
    const healedBy: readonly Healing[] = isThrough ? ["proxy"] : [];
    this.notes.facts = {
      ...this.notes.facts,
      ...more,
      ...(others.length === 0 ? {} : { otherPortAnswers: true }),
      ...(wantsProxy ? { hasProxyEnvironment: true, healedBy } : {}),
    };
    const open = others.length === 0 ? [] : [`These ports of the host are open: ${others.join(", ")}.`];
    const { title } = this.notes.findings.diagnose(this.notes.facts, { hints: open, alternatives: [] });
    this.notes.line("tcp", "fail", `${title}: ${texts.join(", ")}`);
  }

  private settingsFor(read: ReturnType<typeof readTarget>, address: string): Settings {
    const { options } = this.notes;
    const { scheme = "mqtt", host = "", port = 1883, path = "" } = read.target ?? {};
    const { ca, cert, key, passphrase, serverName, alpnProtocols, origin, will, authentication } = options;
    return {
      scheme,
      host,
      port,
      path,
      address,
      dialPort: options.connectTo?.port ?? port,
      ca,
      cert,
      key,
      passphrase,
      serverName,
      alpnProtocols,
      origin,
      will,
      authentication,
      subprotocols: options.subprotocols ?? ["mqtt"],
      headers: options.headers ?? {},
      version: options.protocolVersion ?? 5,
      clientId: options.clientId ?? randomId(),
      isOwnId: options.clientId !== undefined,
      keepAlive: options.keepAlive ?? defaultKeepAlive,
      username: options.username ?? read.username,
      password: options.password ?? read.password,
      insecure: options.insecure === true,
      log: this.log,
    };
  }
}
