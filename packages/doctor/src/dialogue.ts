import { type AttemptFacts, addressClass } from "@bowline/protocol/internal";
import { type Attempt, attempt } from "./attempt.ts";
import { Budget } from "./budget.ts";
import { findInCertificate } from "./certificate-findings.ts";
import { hasSucceeded } from "./cures.ts";
import { hearOrHeal, inSilence } from "./late-connack.ts";
import type { Notes } from "./notes.ts";
import { asksForCertificate } from "./probes/ask-certificate.ts";
import { dial } from "./probes/dial.ts";
import { findPath } from "./probes/paths.ts";
import { isTls } from "./client-settings.ts";
import type { Settings } from "./settings.ts";
import { Stay } from "./stay.ts";
import { findCures } from "./variants.ts";

// One more attempt, made while a connection is held.
const againMs = 4000;

/** P4 to P7: from a connection to a CONNACK, and what stands in the way. */
export class Dialogue {
  private readonly notes: Notes;

  constructor(notes: Notes) {
    this.notes = notes;
  }

  /** P4 to P10 */
  async run(settings: Settings): Promise<void> {
    const { budget } = this.notes;
    const first = await attempt(settings, budget);
    const look = (failed: Attempt, probes: Budget): Promise<AttemptFacts> => this.understand(failed, settings, probes);
    const { tried, facts } = hasSucceeded(first)
      ? { tried: first, facts: first.facts }
      : await hearOrHeal(first, settings, this.notes.lateMs, budget, look);
    const { dns } = this.notes.facts;
    // The rules of AWS look at the user name even where the answer came before CONNECT.
    const who = settings.username === undefined ? {} : { connect: { userName: settings.username } };
    this.notes.facts = { ...who, ...facts, nowMs: this.notes.now(), ...(dns === undefined ? {} : { dns }) };
    const inspected = findInCertificate(this.notes.findings, tried.chain, this.notes.facts, settings, this.notes.now());
    this.notes.chain = inspected?.lines ?? [];
    this.tlsLine(tried, inspected !== undefined && inspected.failures.length > 0);
    if (tried.talk !== undefined && tried.connack !== undefined) {
      const again = (changed: Settings): Promise<Attempt> => attempt(changed, new Budget(againMs));
      await new Stay(this.notes, settings, tried.talk, again).run(tried.connack, tried.ms);
      return;
    }
    if (this.explainedByWithholding(tried)) return;
    const { tls, ...rest } = this.notes.facts;
    const { authorizationError: _, ...otherTls } = tls ?? {};
    const hints = await this.hintsFor(settings);
    const doubt = inSilence({ ...tried, facts }, this.notes.options.holdSeconds);
    this.notes.fail(undefined, hints, { ...rest, ...(tls === undefined ? {} : { tls: otherTls }) }, doubt);
  }

  /** An attempt without its credentials was refused, as it had to be: that is no fault of its own. */
  private explainedByWithholding({ withheld, facts }: Attempt): boolean {
    if (!withheld || ![5, 4, 134, 135].includes(facts.connack?.reasonCode ?? 0)) return false;
    this.notes.line(
      "mqtt",
      "warn",
      "the credentials were not sent, since the server did not prove who it is; --insecure sends them",
    );
    return true;
  }

  /** Tries what could heal the attempt, and looks for a request for a client certificate. */
  private async understand(tried: Attempt, settings: Settings, budget: Budget): Promise<AttemptFacts> {
    const { facts } = tried;
    const [healedBy, wasAsked] = await Promise.all([
      findCures(tried, settings, budget),
      isTls(settings) && facts.milestone === "connected" ? this.wasCertificateAsked(settings) : undefined,
    ]);
    const tls = wasAsked === undefined ? {} : { tls: { ...facts.tls, wasCertificateRequested: wasAsked } };
    const asked = wasAsked === true && settings.cert === undefined;
    // A server that asks for a certificate has chosen version and cipher already: what else heals is beside the point.
    const cures = asked ? [] : healedBy;
    return { ...facts, ...tls, ...(cures.length === 0 ? {} : { healedBy: cures }) };
  }

  private async wasCertificateAsked(settings: Settings): Promise<boolean> {
    const { socket } = await dial(settings.address, settings.dialPort, this.notes.budget.upTo(1000));
    if (socket === undefined) return false;
    const { serverName, host } = settings;
    const name = serverName === false ? undefined : (serverName ?? (addressClass(host) === "name" ? host : undefined));
    return asksForCertificate(socket, host, name, this.notes.budget.upTo(1000));
  }

  private async hintsFor(settings: Settings): Promise<readonly string[]> {
    const status = this.notes.facts.http?.status;
    if (status !== 404 && status !== 200) return [];
    const path = await findPath(settings, this.notes.budget);
    return path === undefined ? [] : [`The path ${path} takes a WebSocket.`];
  }

  private tlsLine({ facts, chain, ms }: Attempt, hasFaults: boolean): void {
    const { tls } = facts;
    if (tls?.protocol === undefined) return;
    const [leaf] = chain;
    const { list } = this.notes.findings;
    const fault = hasFaults
      ? list.find(({ stage, severity }) => severity === "fail" && (stage === "tls" || stage === "dns"))
      : undefined;
    const name = leaf === undefined ? "" : `, ${String(leaf.subject.CN ?? "")}`;
    const text = fault === undefined ? `${tls.protocol}${name}` : `${fault.title}: ${fault.because}`;
    this.notes.line("tls", fault === undefined ? "ok" : "fail", text, ms.tls);
  }
}
