import type { ErrorCode, QoS } from "@bowline/protocol";
import type { BoundPolicy, PolicyAction, PolicyVerdict } from "@bowline/realtime";
import {
  type Denial,
  EVERY_PUBLISH,
  isBrokersOwn,
  nextVersion,
  publishBit,
  type Rights,
  type SubscribeVerdict,
} from "../acl/access-control.ts";

/** Topics whose answers are remembered for one client; when there are more, all are forgotten. */
const REMEMBERED_MAX = 1_024;
/** Longer topics are worked out each time, so that what is remembered has a bound. */
const REMEMBERED_LENGTH_MAX = 256;

/** Every way to publish with RETAIN. */
const EVERY_RETAINED = publishBit(0, true) | publishBit(1, true) | publishBit(2, true);

/**
 * What one client may do by the policy of its custom authorizer: Publish and RetainPublish of Topic Names, Subscribe of Topic Filters as
 * they are written, and Receive of each message that is delivered. The rules of the tenant are not asked.
 */
export class PolicyRights implements Rights {
  readonly version: number = nextVersion();
  readonly isByRules: boolean = false;
  readonly #policy: BoundPolicy;
  readonly #receivesAll: boolean;
  readonly #publishing = new Map<string, number>();
  readonly #receiving = new Map<string, boolean>();

  constructor(policy: BoundPolicy) {
    this.#policy = policy;
    this.#receivesAll = policy.allowsEverything("iot:Receive");
  }

  refusedPublishes(topicName: string): number {
    if (isBrokersOwn(topicName)) return EVERY_PUBLISH;
    const known = this.#publishing.get(topicName);
    if (known !== undefined) return known;
    const refused = this.#refused(topicName);
    remember(this.#publishing, topicName, refused);
    return refused;
  }

  subscribing(topicFilter: string, _qos: QoS): SubscribeVerdict {
    const verdict = this.#policy.decide("iot:Subscribe", topicFilter);
    return { isAllowed: verdict.decision === "ALLOWED", reason: reasonOf("iot:Subscribe", verdict) };
  }

  /** With the statement that lacks, in the form in which the policy takes it. */
  denial(action: "publish" | "subscribe" | "receive", topic: string, retain: boolean): Denial | undefined {
    if (action === "receive") return this.#denial("AWS_NO_PUB", "iot:Receive", topic);
    if (action === "subscribe") return this.#denial("AWS_NO_SUB", "iot:Subscribe", topic);
    if (isBrokersOwn(topic)) return undefined;
    const refused = this.#denial("AWS_NO_PUB", "iot:Publish", topic);
    return refused ?? (retain ? this.#denial("AWS_RETAIN", "iot:RetainPublish", topic) : undefined);
  }

  #denial(code: ErrorCode, action: PolicyAction, topic: string): Denial | undefined {
    const verdict = this.#policy.decide(action, topic);
    if (verdict.decision === "ALLOWED") return undefined;
    const { statement, arn } = verdict;
    const lacking = JSON.stringify({ Effect: "Allow", Action: action, Resource: arn });
    const remedy =
      statement === undefined
        ? `Add to the policy: ${lacking}`
        : `Change ${statement}: a Deny counts before any Allow, and it has ${arn}.`;
    return { code, reason: reasonOf(action, verdict), remedy };
  }

  /** The policy says what may be received by Topic Names, so one filter is as free as another. */
  isFree(): boolean {
    return this.#receivesAll;
  }

  mayReceive(topicName: string): boolean {
    if (this.#receivesAll) return true;
    const known = this.#receiving.get(topicName);
    if (known !== undefined) return known;
    const { decision } = this.#policy.decide("iot:Receive", topicName);
    remember(this.#receiving, topicName, decision === "ALLOWED");
    return decision === "ALLOWED";
  }

  #refused(topicName: string): number {
    if (this.#policy.decide("iot:Publish", topicName).decision !== "ALLOWED") return EVERY_PUBLISH;
    return this.#policy.decide("iot:RetainPublish", topicName).decision === "ALLOWED" ? 0 : EVERY_RETAINED;
  }
}

/** Which statement decided, or what would have to be allowed. */
export function reasonOf(action: PolicyAction, { decision, statement, arn }: PolicyVerdict): string {
  if (statement === undefined) return `no statement allows ${action} on ${arn}`;
  return `${statement} ${decision === "ALLOWED" ? "allows" : "denies"} ${action} on ${arn}`;
}

function remember<T>(answers: Map<string, T>, topicName: string, answer: T): void {
  if (topicName.length > REMEMBERED_LENGTH_MAX) return;
  if (answers.size >= REMEMBERED_MAX) answers.clear();
  answers.set(topicName, answer);
}
