import { DOCUMENT_LENGTH_MAX } from "../policy/policy.ts";

/** Something in an answer that AWS takes and its author will regret. */
export interface Finding {
  /** Short name, for programs. */
  readonly rule: LintRule;
  /** What follows from it. */
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
  /** It may well be meant: good to know, and nothing to mend. */
  readonly isNote?: true;
}

/** The rules, by name. */
export type LintRule =
  | "connects-without-rights"
  | "connect-any-client-id"
  | "mqtt-wildcard-in-topic"
  | "subscribe-without-receive"
  | "deny-subscribe-has-holes"
  | "no-retained-messages"
  | "empty-resources"
  | "document-nearly-full"
  | "principal-changes"
  | "principal-of-sdk-user-name"
  | "answer-invalid";

/** A statement as it stands in a document. */
interface RawStatement {
  readonly effect: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** Part of the limit above which a document leaves little room. */
const NEARLY_FULL = 0.8;

/** Looks at an answer that has been found valid. */
export function lintAnswer(answer: {
  readonly principalId: string;
  readonly policyDocuments: readonly (object | string)[];
}): Finding[] {
  const statements = answer.policyDocuments.flatMap(statementsOf);
  const allows = (action: string): RawStatement[] =>
    statements.filter(({ effect, actions }) => effect === "Allow" && actions.some((name) => covers(name, action)));
  return [
    ...rightless(statements, allows),
    ...anyClientId(allows("iot:Connect")),
    ...mqttWildcards([...allows("iot:Publish"), ...allows("iot:Receive")]),
    ...unheard(allows),
    ...holes(statements, allows),
    ...notRetained(allows),
    ...emptyLists(statements),
    ...fullDocuments(answer.policyDocuments),
    ...timeAsPrincipal(answer.principalId),
  ];
}

type Allows = (action: string) => RawStatement[];

function rightless(statements: readonly RawStatement[], allows: Allows): Finding[] {
  const named = [...allows("iot:Publish"), ...allows("iot:Subscribe")].some(({ resources }) => resources.length > 0);
  if (named || statements.length === 0) return [];
  return [
    {
      rule: "connects-without-rights",
      message: "the client is let in and may neither publish nor subscribe: whoever has no valid token connects all the same",
      remedy: "Answer isAuthenticated: false, or throw, for a token that is not valid.",
    },
  ];
}

function anyClientId(connects: readonly RawStatement[]): Finding[] {
  const isAny = connects.some(({ resources }) => resources.some((name) => name === "*" || name.endsWith(":client/*")));
  if (!isAny) return [];
  return [
    {
      rule: "connect-any-client-id",
      message: "iot:Connect is allowed for every Client Identifier: a client can take somebody else's and end their connection",
      remedy: "Allow iot:Connect on client/ID of the user alone, such as client/USER-*.",
    },
  ];
}

function mqttWildcards(statements: readonly RawStatement[]): Finding[] {
  const names = statements.flatMap(({ resources }) => resources).filter((name) => /:topic\/(.*\/)?[+#](\/|$)/.test(name));
  return [...new Set(names)].map((name) => ({
    rule: "mqtt-wildcard-in-topic",
    message: `${name} names one topic with that very character: in policies + and # stand for themselves`,
    remedy: "Write * instead, which goes over levels.",
  }));
}

function unheard(allows: Allows): Finding[] {
  if (!allows("iot:Subscribe").some(isUsed) || allows("iot:Receive").some(isUsed)) return [];
  return [
    {
      rule: "subscribe-without-receive",
      message: "iot:Subscribe is allowed and iot:Receive is not: the client subscribes and nothing arrives",
      remedy: "Allow iot:Receive on topic/... of the same topics.",
    },
  ];
}

/** A filter is compared as text: `a/#` is not below `a/restricted/*`, and takes it in all the same. */
function holes(statements: readonly RawStatement[], allows: Allows): Finding[] {
  const denied = statements.filter(
    ({ effect, actions }) => effect === "Deny" && actions.some((name) => covers(name, "iot:Subscribe")),
  );
  const isReceiveDenied = statements.some(
    ({ effect, actions }) => effect === "Deny" && actions.some((name) => covers(name, "iot:Receive")),
  );
  const isWide = allows("iot:Subscribe").some(({ resources }) => resources.some((name) => name.endsWith("*")));
  if (denied.length === 0 || isReceiveDenied || !isWide) return [];
  return [
    {
      rule: "deny-subscribe-has-holes",
      message: "a Deny of iot:Subscribe is passed by a wider filter, such as a/# where a/restricted/* is denied",
      remedy: "Deny iot:Receive on topic/... of the same topics too.",
    },
  ];
}

function notRetained(allows: Allows): Finding[] {
  if (!allows("iot:Publish").some(isUsed) || allows("iot:RetainPublish").length > 0) return [];
  return [
    {
      rule: "no-retained-messages",
      message: "iot:RetainPublish is not allowed: a publish or a will with RETAIN is refused",
      remedy: "Allow iot:RetainPublish on the topics that keep their last message, if there are any.",
      // The least rights that do are right: an app without retained messages is not at fault.
      isNote: true,
    },
  ];
}

function emptyLists(statements: readonly RawStatement[]): Finding[] {
  if (statements.every(isUsed)) return [];
  return [
    {
      rule: "empty-resources",
      message: "a statement has no Resource; nobody has documented what AWS makes of that",
      remedy: "Leave such a statement out.",
    },
  ];
}

function fullDocuments(documents: readonly (object | string)[]): Finding[] {
  return documents.flatMap((document, i) => {
    const length = (typeof document === "string" ? document : JSON.stringify(document)).replace(/\s/g, "").length;
    if (length < DOCUMENT_LENGTH_MAX * NEARLY_FULL) return [];
    return [
      {
        rule: "document-nearly-full" as const,
        message: `policyDocuments[${i}] has ${length} of ${DOCUMENT_LENGTH_MAX} characters: a few topics more, and nobody of them connects`,
        remedy: "Spread the topics over up to 10 documents, or name them by fewer patterns.",
      },
    ];
  });
}

function timeAsPrincipal(principalId: string): Finding[] {
  // Milliseconds since 1970, of this century.
  if (!/^[12]\d{12}$/.test(principalId)) return [];
  return [
    {
      rule: "principal-changes",
      message: `principalId ${principalId} is the time of the call: nobody can tell from it who the client is`,
      remedy: "Make principalId of the user's own id, in letters and digits.",
    },
  ];
}

function isUsed({ resources }: RawStatement): boolean {
  return resources.length > 0;
}

/** Whether the name of an action, with wildcards, takes that action in. */
function covers(name: string, action: string): boolean {
  if (name === "*") return true;
  const pattern = name
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`).test(action.toLowerCase());
}

function statementsOf(document: object | string): RawStatement[] {
  const { Statement: statement } = (typeof document === "string" ? JSON.parse(document) : document) as { Statement: unknown };
  return (Array.isArray(statement) ? statement : [statement]).map((one: Record<string, unknown>) => ({
    effect: one["Effect"],
    actions: listOf(one["Action"]),
    // Whoever names what is left out names something.
    resources: one["Resource"] === undefined ? ["NotResource"] : listOf(one["Resource"]),
  }));
}

function listOf(value: unknown): string[] {
  return typeof value === "string" ? [value] : Array.isArray(value) ? (value as string[]) : [];
}
