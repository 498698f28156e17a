import { validateTopicName } from "@bowline/protocol";
import { type AttemptFacts, type PageFacts, staticFault, staticWarnings } from "@bowline/protocol/internal";
import { Budget } from "../budget.ts";
import type { ClientSettings } from "../client-settings.ts";
import {
  curesAmong,
  hasSucceeded,
  identityVariants,
  refusedVariants,
  type Tried,
  type Variant,
  versionVariants,
} from "../cures.ts";
import { hearOrHeal, inSilence } from "../late-connack.ts";
import type { Notes } from "../notes.ts";
import { findInProfile } from "../profiles.ts";
import { type ReadTarget, readTarget } from "../read-target.ts";
import { Stay } from "../stay.ts";
import { unsayable } from "../talk/introduce.ts";
import { randomId } from "../talk/random-id.ts";
import { explore } from "./explore.ts";
import { localNetworkAccess } from "./local-network.ts";
import { attemptInPage, type PageAttempt } from "./page-attempt.ts";
import type { PageDoctorOptions } from "./page-options.ts";

const defaultKeepAlive = 50;
// One more attempt, made while a connection is held.
const againMs = 4000;

/** One run in a page: input, the WebSocket with all that is below it as one step, and MQTT. */
export class PageExamination {
  private readonly notes: Notes;
  private readonly options: PageDoctorOptions;
  private readonly unusable: readonly string[];
  private page: PageFacts = {};

  constructor(notes: Notes, options: PageDoctorOptions, unusable: readonly string[]) {
    this.notes = notes;
    this.options = options;
    this.unusable = unusable;
  }

  async run(url: string): Promise<void> {
    const read = readTarget(url, globalThis.location?.href);
    this.page = await this.look(read.target?.host ?? "");
    this.notes.facts = { runtime: "browser", page: this.page, nowMs: this.notes.now(), ...read.fault };
    const { target } = read;
    if (target === undefined) {
      this.notes.fail("input", read.hints);
      return;
    }
    this.notes.facts = { ...this.notes.facts, target, milestone: "started" };
    const settings = this.settingsFor(read, target);
    if (!this.checkInput(settings)) return;
    const tried = await this.attempt(settings);
    // The rules of AWS look at the user name even where the end came before CONNECT.
    const who = settings.username === undefined ? {} : { connect: { userName: settings.username } };
    this.notes.facts = { ...who, ...tried.facts, nowMs: this.notes.now() };
    if (tried.facts.ws?.everOpened !== true) await this.explainUnopened(settings, tried.facts);
    else await this.explainOpened(settings, tried);
  }

  /** What a page knows without asking anybody. */
  private async look(host: string): Promise<PageFacts> {
    const { location, navigator } = globalThis as unknown as Partial<Window>;
    const access = await localNetworkAccess(host);
    const { consoleText } = this.options;
    const { onLine: isOnline, userAgent } = navigator ?? {};
    const isFirefox = /\bFirefox\//.test(userAgent ?? "");
    const isChromium = /Chrom(e|ium)\//.test(userAgent ?? "");
    return {
      ...(location === undefined ? {} : { protocol: location.protocol }),
      ...(isOnline === undefined ? {} : { isOnline, isFirefox, isChromium }),
      ...(access === undefined ? {} : { localNetworkAccess: access }),
      ...(consoleText ? { consoleText } : {}),
    };
  }

  /** P0. Returns whether a browser would dial at all. */
  private checkInput(settings: ClientSettings): boolean {
    const { findings, facts, options } = this.notes;
    if (staticFault(facts) !== undefined) {
      this.notes.fail("input");
      return false;
    }
    if (this.unusable.length > 0) {
      findings.note("OPTION_INVALID", "warn", `a page cannot set ${this.unusable.join(", ")}; the browser decides`, facts);
    }
    for (const { code, evidence } of staticWarnings(facts)) findings.note(code, "warn", evidence, facts);
    const { username, password } = settings;
    findInProfile(findings, facts, { ...options, username, password });
    const { topic, will } = options;
    if (topic !== undefined && validateTopicName(topic) !== undefined) findings.note("TOPIC_INVALID", "fail", topic, facts);
    if (will !== undefined && validateTopicName(will.topicName) !== undefined) {
      findings.note("TOPIC_NAME", "fail", `the will's topic is ${will.topicName}`, facts);
    }
    const fault = unsayable(settings);
    if (fault !== undefined) findings.note("PACKET_INVALID", "fail", fault, facts);
    return !findings.list.some(({ severity }) => severity === "fail");
  }

  private attempt(settings: ClientSettings, budget: Budget = this.notes.budget): Promise<PageAttempt> {
    return attemptInPage(settings, this.page, budget);
  }

  /** DNS, TCP, TLS or the upgrade: the browser says none of it. */
  private async explainUnopened(settings: ClientSettings, facts: AttemptFacts): Promise<void> {
    const isTold = facts.errors !== undefined || facts.page?.cspViolation !== undefined;
    if (!isTold) {
      const { healedBy, probe } = await explore(settings, this.notes.budget);
      // The browser may have asked its user meanwhile.
      const access = await localNetworkAccess(settings.host);
      const told = access === undefined ? {} : { localNetworkAccess: access };
      this.notes.facts = {
        ...this.notes.facts,
        page: { ...facts.page, ...told, probe },
        ...(healedBy === undefined ? {} : { healedBy }),
      };
      if (probe.fetch === "resolved") {
        this.reachedLines(settings, probe.fetchMs);
        if (this.isProvidersPathMissed()) return;
      }
    }
    this.notes.fail();
  }

  /** A provider that is known has one path: whatever else is wrong, an upgrade anywhere else is refused. */
  private isProvidersPathMissed(): boolean {
    const { findings, facts } = this.notes;
    const warning = findings.list.find(({ id }) => id === "WS_404");
    if (warning === undefined) return false;
    const hints = warning.fix.slice(1).map(({ text }) => text);
    findings.note("WS_404", "fail", `no WebSocket opens, and ${warning.evidence.observed}`, facts, hints);
    this.notes.line("http", "fail", `${warning.title}: ${warning.evidence.observed}`);
    return true;
  }

  private reachedLines({ scheme }: ClientSettings, ms = 0): void {
    this.notes.line("tcp", "ok", "a request is answered", ms);
    if (scheme === "wss") this.notes.line("tls", "ok", "the browser accepts the certificate");
  }

  /** P7 to P10 */
  private async explainOpened(settings: ClientSettings, first: PageAttempt): Promise<void> {
    const { notes } = this;
    const { tried, facts } = hasSucceeded(first)
      ? { tried: first, facts: first.facts }
      : await hearOrHeal(first, settings, notes.lateMs, notes.budget, (failed, probes) =>
          this.understand(failed, settings, probes),
        );
    const { timedOut: _, ...before } = notes.facts;
    notes.facts = { ...before, ...facts };
    if (settings.scheme === "wss") this.notes.line("tls", "ok", "the browser accepts the certificate");
    const { talk, connack, ms } = tried;
    if (talk === undefined || connack === undefined) {
      this.notes.line("http", "ok", `WebSocket, ${settings.subprotocols.join()}`, ms.http);
      notes.fail(undefined, [], notes.facts, inSilence({ ...tried, facts }, notes.options.holdSeconds));
      return;
    }
    if (tried.facts.ws?.chosen === "" && settings.subprotocols.length > 0) {
      const observed = "101 without Sec-WebSocket-Protocol: this browser goes on, Chromium would not";
      this.notes.findings.note("WS_NO_SUBPROTO_REPLY", "warn", observed, this.notes.facts);
    }
    const again = (changed: ClientSettings): Promise<Tried> => this.attempt(changed, new Budget(againMs));
    await new Stay(this.notes, settings, talk, again).run(connack, ms);
  }

  private async understand(failed: PageAttempt, settings: ClientSettings, probes: Budget): Promise<AttemptFacts> {
    const again = (changed: ClientSettings): Promise<PageAttempt> => this.attempt(changed, probes);
    const healedBy = await curesAmong(variantsOf(failed, settings), failed, settings, again);
    return { ...failed.facts, ...(healedBy.length === 0 ? {} : { healedBy }) };
  }

  private settingsFor(read: ReadTarget, target: NonNullable<ReadTarget["target"]>): ClientSettings {
    const { options } = this;
    return {
      ...target,
      subprotocols: options.subprotocols ?? ["mqtt"],
      version: options.protocolVersion ?? 5,
      clientId: options.clientId ?? randomId(),
      isOwnId: options.clientId !== undefined,
      keepAlive: options.keepAlive ?? defaultKeepAlive,
      username: options.username ?? read.username,
      password: options.password ?? read.password,
      will: options.will,
      authentication: options.authentication,
    };
  }
}

/** What may heal an attempt that ended after the WebSocket had opened. */
function variantsOf(failed: PageAttempt, settings: ClientSettings): readonly Variant<ClientSettings, Tried>[] {
  const { facts } = failed;
  if (facts.connack !== undefined) return refusedVariants(failed, settings);
  const isTold = (facts.firstBytes?.length ?? 0) > 0 || facts.ws?.gotTextFrame === true;
  if (isTold) return [];
  const mqtt = settings.subprotocols.length > 0 ? [] : [offered(settings)];
  return [...mqtt, ...versionVariants(settings), ...identityVariants(settings)];
}

const offered = (settings: ClientSettings): Variant<ClientSettings, Tried> => ({
  healing: "subprotocol",
  settings: { ...settings, subprotocols: ["mqtt"] },
  heals: ({ facts }) => facts.connack !== undefined,
});
