import type { IncomingHttpHeaders } from "node:http";
import { type AuthPacket, type ConnectPacket, MqttError, type Will } from "@bowline/protocol";
import {
  type Clock,
  type ConnectAnswer,
  ReasonCode,
  type ReauthenticateAnswer,
  type RefuseConnect,
} from "@bowline/protocol/internal";
import { type AccessControl, publishBit, type Rights } from "../acl/access-control.ts";
import {
  type AuthAllowed,
  type Authenticator,
  type AuthRefused,
  type AuthRequest,
  type ExchangeStep,
  type ExchangeSuccess,
  isQuestion,
  refuse,
} from "../auth/authenticator.ts";
import { shortName } from "../events/refusal.ts";
import type { Arrival } from "../listeners/arrival.ts";
import { clientIdentity } from "../listeners/client-identity.ts";
import { refusedLogin } from "../metrics/refused-logins.ts";
import { encodeStamp, stamped } from "../router/sender-stamp.ts";
import type { PendingWill } from "../sessions/pending-will.ts";
import type { Session } from "../sessions/session.ts";
import type { SessionConnection } from "../sessions/session-connection.ts";
import { pendingWill, type SessionBefore } from "../sessions/session-registry.ts";
import type { CommitQueue } from "../storage/commit-queue.ts";
import type { Storage } from "../storage/storage.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { AdmissionGate } from "./admission-gate.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import { ClientAuthentication } from "./client-authentication.ts";
import { CommitWait } from "./commit-wait.ts";
import { AccessRefresh } from "./access-refresh.ts";
import { CredentialExpiry } from "./credential-expiry.ts";
import {
  acceptance,
  askedExpiry,
  becauseDetails,
  clientIdentifierFor,
  refusal,
  sessionExpiryOf,
  willRefusal,
} from "./connect-rules.ts";
import { becauseOf } from "./reason-string.ts";
import { type Redirection, redirectionAnswer } from "./redirection.ts";

/** What an admission needs of the broker. */
export interface AdmissionEnvironment {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly commits: CommitQueue;
  readonly authenticator: Authenticator;
  readonly access: AccessControl;
  readonly limits: BrokerLimits;
  readonly gate: AdmissionGate;
  /** Whether an authenticated client is to go to another server. */
  readonly redirect: ((request: AuthRequest, owner: string) => Redirection | undefined) | undefined;
}

/** What an admission needs of its connection. */
export interface AdmissionHost extends SessionConnection {
  readonly arrival: Arrival;
  readonly tenant: Tenant;
  /** Set as soon as the Session is this connection's. */
  session: Session | undefined;
  /** Runs what was asked for in another turn; a fault of it ends this connection. */
  contain(run: () => void): void;
  answerConnect(answer: ConnectAnswer): void;
  answerReauthenticate(answer: ReauthenticateAnswer): void;
  /** As whom it came, for those who are told of it: a principalId, or else the owner of its Session. */
  principal: string;
  /** Of its CONNECT, which may still be refused. */
  claimedIdentifier: string | undefined;
  /** The User Name of its CONNECT, until that is accepted. */
  claimedUser: string | undefined;
  /** What its messages carry beside their own properties, where its tenant says who sent them. */
  stamp: Uint8Array | undefined;
  /** The right to publish is to be asked for again. */
  forgetRoute(): void;
}

/**
 * From CONNECT to CONNACK, and what may be asked of the client's identity later: authentication, redirection, the rights of the
 * Will, the Session and the commit that the CONNACK waits for. Lifetime: one connection; it holds nothing of a client that has no
 * Authentication Method once it is accepted.
 */
export class Admission {
  private readonly environment: AdmissionEnvironment;
  private readonly host: AdmissionHost;
  private authentication: ClientAuthentication | undefined;
  private packet: ConnectPacket | undefined;
  private request: AuthRequest | undefined;
  private keeping: { wait: CommitWait; before: SessionBefore | undefined } | undefined;
  private expiry: CredentialExpiry | undefined;
  private refresh: AccessRefresh | undefined;
  private isOver = false;

  constructor(environment: AdmissionEnvironment, host: AdmissionHost) {
    this.environment = environment;
    this.host = host;
  }

  /** Undefined: `answerConnect` comes later. */
  connect(packet: ConnectPacket): ConnectAnswer | undefined {
    const early = this.environment.gate.refuseEarly(this.host.tenant.counters);
    if (early !== undefined) return early;
    const closed = this.refusedAsClosed();
    if (closed !== undefined) return closed;
    const clientIdentifier = clientIdentifierFor(packet);
    if (typeof clientIdentifier !== "string") return clientIdentifier;
    this.packet = packet;
    this.host.claimedIdentifier = clientIdentifier;
    this.host.claimedUser = packet.username;
    this.request = this.requestOf(packet, clientIdentifier);
    this.authentication = new ClientAuthentication(this.environment.authenticator, this.request);
    const step = this.authentication.begin(packet.properties, (later) => this.takeConnectStep(later));
    return step === undefined ? undefined : this.connectAnswer(step);
  }

  /** The client's AUTH 0x18 before the CONNACK. */
  authenticate(packet: AuthPacket): ConnectAnswer | undefined {
    const step = this.authentication!.next(packet.properties?.authenticationData, (later) => this.takeConnectStep(later));
    return step === undefined ? undefined : this.connectAnswer(step);
  }

  /** The client's AUTH on the open connection: 0x19 begins anew, 0x18 goes on. */
  reauthenticate(packet: AuthPacket): ReauthenticateAnswer | undefined {
    const { authentication } = this;
    // The engine lets AUTH through only where CONNECT named a method.
    if (authentication === undefined) throw new MqttError("INTERNAL", { detail: "AUTH without an Authentication Method" });
    const take = (later: ExchangeStep): void => this.takeLaterStep(later);
    const step =
      packet.reasonCode === ReasonCode.ReAuthenticate
        ? authentication.begin(packet.properties, take)
        : authentication.next(packet.properties?.authenticationData, take);
    return step === undefined ? undefined : this.reauthenticateAnswer(step);
  }

  /** The CONNACK went out. Answers whether it is over: no credentials end, and nobody can authenticate again. */
  opened(): boolean {
    this.expiry?.start();
    this.refresh?.start();
    if (this.packet?.properties?.authenticationMethod === undefined) this.authentication = undefined;
    this.packet = undefined;
    this.request = undefined;
    this.host.claimedUser = undefined;
    return this.expiry === undefined && this.refresh === undefined && this.authentication === undefined;
  }

  /** The connection is over: nobody waits for an answer. */
  abort(): void {
    this.isOver = true;
    this.authentication?.abort();
    this.expiry?.stop();
    this.refresh?.stop();
    this.giveUpSession();
  }

  private takeConnectStep(step: ExchangeStep): void {
    this.host.contain(() => {
      const answer = this.connectAnswer(step);
      if (answer !== undefined) this.host.answerConnect(answer);
    });
  }

  private takeLaterStep(step: ExchangeStep): void {
    this.host.contain(() => this.host.answerReauthenticate(this.reauthenticateAnswer(step)));
  }

  private connectAnswer(step: ExchangeStep): ConnectAnswer | undefined {
    if (isQuestion(step)) return { kind: "continue", ...dataOf(step.continueWith) };
    if (!step.allowed) return refused(this.counted(step));
    if (this.hasExpired(step)) return refused(this.counted(EXPIRED));
    this.expiry = this.expiryOf(step);
    this.refresh = this.refreshOf(step);
    const elsewhere = this.refusedAsFlapping(step.owner) ?? this.sentElsewhere(step.owner);
    if (elsewhere !== undefined) return elsewhere;
    this.host.principal = principalOf(step);
    if (this.host.tenant.stampsSenders) this.host.stamp = encodeStamp(this.host.principal);
    const rights = this.rightsOf(step);
    const { will } = this.packet!;
    const pending = will === undefined ? undefined : rights.unknown?.("publish", will.topicName, will.qos, will.retain);
    if (pending === undefined) return this.willRefusal(rights) ?? this.openSession(step, rights);
    void pending.then(() => {
      if (this.isOver) return;
      this.host.contain(() => {
        const answer = this.willRefusal(rights) ?? this.openSession(step, rights);
        if (answer !== undefined) this.host.answerConnect(answer);
      });
    });
    return undefined;
  }

  private reauthenticateAnswer(step: ExchangeStep): ReauthenticateAnswer {
    if (isQuestion(step)) return { kind: "continue", ...dataOf(step.continueWith) };
    if (!step.allowed) return refusedLater(this.counted(step));
    if (this.hasExpired(step)) return refusedLater(this.counted(EXPIRED));
    // A Session belongs to one owner, and so does its connection.
    const session = this.host.session!;
    if (step.owner === session.owner) {
      this.expiry?.stop();
      this.refresh?.stop();
      this.expiry = this.expiryOf(step);
      this.refresh = this.refreshOf(step);
      this.expiry?.start();
      this.refresh?.start();
      this.grant(session, this.rightsOf(step));
      return { kind: "success", ...dataOf(step.data) };
    }
    return refusal(ReasonCode.NotAuthorized, "the client authenticated as somebody else");
  }

  /** What the connection remembers of its last topic was found by other rights. */
  private grant(session: Session, rights: Rights): void {
    this.host.tenant.sessions.grant(session, rights);
    this.host.forgetRoute();
  }

  private hasExpired({ expiresAt }: AuthAllowed): boolean {
    return expiresAt !== undefined && expiresAt <= this.environment.clock.wallTime();
  }

  private expiryOf({ expiresAt }: AuthAllowed): CredentialExpiry | undefined {
    if (expiresAt === undefined) return undefined;
    return new CredentialExpiry(expiresAt, this.environment.clock, () => {
      this.host.tenant.counters.loginsExpired++;
      const detail = "the credentials have expired";
      const details = { isExpiry: true };
      this.host.end(new MqttError("NOT_AUTHORIZED", { reasonCode: ReasonCode.NotAuthorized, source: "local", detail, details }));
    });
  }

  /** The Session's rights follow each answer; a refusal ends the connection. */
  private refreshOf({ refresh, owner }: AuthAllowed): AccessRefresh | undefined {
    if (refresh === undefined) return undefined;
    return new AccessRefresh(refresh, this.environment.clock, (answer) => {
      this.host.contain(() => {
        if (answer.allowed && answer.owner === owner) {
          this.grant(this.host.session!, this.rightsOf(answer));
          return;
        }
        const detail = answer.allowed ? "the refreshed answer is about somebody else" : this.counted(answer).reason;
        const because = becauseDetails(answer.allowed ? undefined : answer.code);
        this.host.end(
          new MqttError("NOT_AUTHORIZED", { reasonCode: ReasonCode.NotAuthorized, source: "local", detail, ...because }),
        );
      });
    });
  }

  private counted(step: AuthRefused): AuthRefused {
    this.host.tenant.counters[refusedLogin(step.reasonCode)]++;
    return step;
  }

  /** No other credentials would help, and it may be open again soon. */
  private refusedAsClosed(): RefuseConnect | undefined {
    return this.host.tenant.gate === "open" ? undefined : refusal(ReasonCode.ServerUnavailable, "the tenant is paused");
  }

  private refusedAsFlapping(owner: string): RefuseConnect | undefined {
    const { name, counters } = this.host.tenant;
    const clientIdentifier = this.packet!.clientIdentifier === "" ? undefined : this.request!.clientIdentifier;
    return this.environment.gate.refuseFlapping({ tenant: name, owner, clientIdentifier }, counters);
  }

  /** Asks the program's `redirect`, whose faults are none of the client's. */
  private sentElsewhere(owner: string): RefuseConnect | undefined {
    try {
      const to = this.environment.redirect?.(this.request!, owner);
      if (to === undefined) return undefined;
      if (typeof to.serverReference !== "string") throw new TypeError("redirect answers neither undefined nor a serverReference");
      return { kind: "refuse", ...redirectionAnswer(to) };
    } catch (cause) {
      return refused({ ...refuse(ReasonCode.ServerUnavailable, "redirect failed inside"), cause });
    }
  }

  private refusedByLimit(owner: string): RefuseConnect | undefined {
    const { sessions, limits, counters } = this.host.tenant;
    const reached = sessions.refusedBy(owner, this.request!.clientIdentifier, limits);
    if (reached === undefined) return undefined;
    const { counter, detail } = OVER_LIMIT[reached];
    counters[counter]++;
    return refusal(ReasonCode.QuotaExceeded, `${detail} (${reached})`, { reasonString: `QUOTA: ${detail} (${reached})` });
  }

  private rightsOf({ owner, access }: AuthAllowed): Rights {
    const { tenant, arrival, session } = this.host;
    const clientIdentifier = session?.clientIdentifier ?? this.request!.clientIdentifier;
    const who = { tenant: tenant.name, owner, clientIdentifier };
    return this.environment.access.rightsOf(who, { remoteAddress: arrival.remoteAddress, ...access });
  }

  private willRefusal(rights: Rights): RefuseConnect | undefined {
    const { will } = this.packet!;
    if (will === undefined) return undefined;
    const fault = willRefusal(will, this.host.tenant.limits);
    if (fault?.reasonCode === ReasonCode.TopicNameInvalid) this.host.tenant.counters.topicsTooDeep++;
    if (fault !== undefined) return fault;
    const { topicName, qos, retain } = will;
    if ((rights.refusedPublishes(topicName) & publishBit(qos, retain)) === 0) return undefined;
    // Its credentials were right, which is the first that anybody looks at: it hears that it was the Will.
    const why = rights.whyNot?.(topicName, qos, retain) ?? "its topic is not allowed";
    const { properties } = becauseOf([`NOT_AUTHORIZED: the Will Message may not be published: ${why}`]);
    return refusal(
      ReasonCode.NotAuthorized,
      `the Will Message may not be published to ${shortName(topicName)}: ${why}`,
      properties,
    );
  }

  private openSession({ owner, data }: ExchangeSuccess, rights: Rights): ConnectAnswer | undefined {
    // It may have been paused while the client was asked who it is.
    const refusedNow = this.refusedAsClosed() ?? this.refusedByLimit(owner);
    if (refusedNow !== undefined) return refusedNow;
    const { storage } = this.environment;
    const { limits } = this.host.tenant;
    const packet = this.packet!;
    const { clientIdentifier } = this.request!;
    try {
      const { session, sessionPresent, commit, before } = this.host.tenant.sessions.open(
        {
          owner,
          clientIdentifier,
          rights,
          cleanStart: packet.cleanStart,
          expiryInterval: sessionExpiryOf(packet, limits),
          will: packet.will === undefined ? undefined : this.stampedWill(packet.will),
        },
        this.host,
      );
      this.host.session = session;
      if (askedExpiry(packet) > session.expiryInterval) this.host.tenant.counters.sessionExpiryLowered++;
      const accept = acceptance(packet, session, limits);
      const properties = { ...accept.properties, ...dataOf(data).properties };
      const answer: ConnectAnswer = { ...accept, properties, session: session.state, sessionPresent };
      if (commit <= storage.committed) return answer;
      this.answerWhenKept(commit, answer, before);
      return undefined;
    } catch (error) {
      if (!MqttError.is(error) || error.code !== "STORE_READ_ONLY") throw error;
      return { kind: "refuse", reasonCode: ReasonCode.ServerUnavailable, error };
    }
  }

  private stampedWill(packet: Will): PendingWill {
    const will = pendingWill(packet);
    const { stamp } = this.host;
    return stamp === undefined ? will : { ...will, properties: stamped(will.properties ?? new Uint8Array(0), stamp) };
  }

  /** What the client is told is kept, or it is told that it could not be in time. */
  private answerWhenKept(commit: number, answer: ConnectAnswer, before: SessionBefore | undefined): void {
    const { host } = this;
    const kept = (): void => {
      this.keeping = undefined;
      host.contain(() => host.answerConnect(answer));
    };
    const late = (): void => {
      this.giveUpSession();
      host.contain(() => host.answerConnect(refusal(ReasonCode.ServerUnavailable, "the Session was not kept in time")));
    };
    this.keeping = { wait: new CommitWait(this.environment, commit, kept, late), before };
  }

  /** A client that had no CONNACK has no Session: the next CONNECT finds what the one before this left. */
  private giveUpSession(): void {
    if (this.keeping === undefined) return;
    const { wait, before } = this.keeping;
    this.keeping = undefined;
    wait.stop();
    const { host } = this;
    const { session } = host;
    host.session = undefined;
    if (session !== undefined) host.tenant.sessions.giveUp(session, before);
  }

  private requestOf(packet: ConnectPacket, clientIdentifier: string): AuthRequest {
    const { arrival, tenant } = this.host;
    const { tls, http } = arrival;
    const { certificate, commonName } = clientIdentity(arrival);
    return {
      tenant: tenant.name,
      username: packet.username,
      password: packet.password,
      clientIdentifier,
      transport: arrival.transport,
      remoteAddress: arrival.remoteAddress,
      ...(certificate === undefined ? {} : { peerCertificate: certificate }),
      ...(commonName === undefined ? {} : { peerCommonName: commonName }),
      ...(tls?.certificateFault === undefined ? {} : { certificateFault: tls.certificateFault }),
      serverName: tls?.serverName,
      upgrade: http === undefined ? undefined : { headers: textsOf(http.headers), queryString: http.queryString },
      isPersistent: sessionExpiryOf(packet, tenant.limits) > 0,
      hasWill: packet.will !== undefined,
    };
  }
}

const OVER_LIMIT = {
  maximumConnectionsPerOwner: { counter: "refusedOwner", detail: "the user has as many connections as it may" },
  maximumTenantConnections: { counter: "refusedConnections", detail: "the tenant has as many connections as it may" },
  maximumSessions: { counter: "refusedSessions", detail: "the tenant has as many Sessions as it may" },
} as const;

const EXPIRED: AuthRefused = { allowed: false, reasonCode: ReasonCode.NotAuthorized, reason: "the credentials have expired" };

function principalOf({ owner, access }: AuthAllowed): string {
  return access?.attributes?.["principal"] ?? owner;
}

function dataOf(authenticationData: Uint8Array | undefined): { properties?: { authenticationData: Uint8Array } } {
  return authenticationData === undefined ? {} : { properties: { authenticationData } };
}

/** Headers that came several times are one text, as HTTP reads them. */
function textsOf(headers: IncomingHttpHeaders): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) texts[name] = String(value);
  return texts;
}

function refused({ reasonCode, reason, code, reasonString, cause }: AuthRefused): RefuseConnect {
  if (cause === undefined) return refusal(reasonCode, reason, reasonString === undefined ? undefined : { reasonString }, code);
  // Of whose method it is this does not know: the log has the cause, and the client hears that it may come again.
  return {
    kind: "refuse",
    reasonCode,
    error: new MqttError("UNAVAILABLE", { source: "internal", reasonCode, cause, detail: reason }),
  };
}

/** The same in a DISCONNECT, which knows fewer Reason Codes (section 3.14.2.1). */
function refusedLater(step: AuthRefused): RefuseConnect {
  const { BadUserNameOrPassword, BadAuthenticationMethod, Banned, NotAuthorized, ServerUnavailable, UnspecifiedError } = ReasonCode;
  const { reasonCode } = step;
  if (reasonCode === BadUserNameOrPassword || reasonCode === BadAuthenticationMethod || reasonCode === Banned) {
    return refused({ ...step, reasonCode: NotAuthorized });
  }
  return refused(reasonCode === ServerUnavailable ? { ...step, reasonCode: UnspecifiedError } : step);
}
