import { arnPrefix, type Place } from "./arn.ts";
import type { PolicyContext } from "./condition.ts";
import type { Fault } from "./policy-fault.ts";
import { BoundStatement, parseStatement, type PolicyAction, type Statement } from "./statement.ts";

/** AWS's words for a decision (the enumeration AuthDecision of its API). */
export type AuthDecision = "ALLOWED" | "EXPLICIT_DENY" | "IMPLICIT_DENY";

/** What a policy says of one action, and why. */
export interface PolicyVerdict {
  readonly decision: AuthDecision;
  /** The statement that decided; undefined when none matched. */
  readonly statement?: string;
  /** What was asked about. */
  readonly arn: string;
}

/** At most so many documents in one answer. */
const DOCUMENTS_MAX = 10;
/** At most so many characters in one document, without white space. */
export const DOCUMENT_LENGTH_MAX = 2_048;

const VERSIONS: ReadonlySet<unknown> = new Set(["2012-10-17", "2008-10-17", undefined]);

/** The policy documents of an authorizer, for every client it answered so for. */
export class Policy {
  readonly #statements: readonly Statement[];

  private constructor(statements: readonly Statement[]) {
    this.#statements = statements;
  }

  /**
   * Understands the documents: objects, or texts of JSON. What cannot be understood whole is a fault, since half a policy could lack what
   * denies.
   */
  static parse(documents: readonly unknown[]): { policy: Policy; faults: Fault[] } {
    const faults: Fault[] = [];
    const report = (at: string, message: string): void => void faults.push({ code: "AWS_POLICY_DOC", at, message });
    if (documents.length > DOCUMENTS_MAX)
      report("policyDocuments", `has ${documents.length} documents, more than ${DOCUMENTS_MAX}`);
    const statements = documents.flatMap((document, i) => statementsOf(document, `policyDocuments[${i}]`, report));
    return { policy: new Policy(statements), faults };
  }

  /** For one client at one place. */
  bind(context: PolicyContext, place: Place): BoundPolicy {
    const bound = this.#statements.map((statement) => BoundStatement.bind(statement, context));
    return new BoundPolicy(
      bound.filter((statement) => statement !== undefined),
      arnPrefix(place),
    );
  }
}

const RESOURCE_KINDS: Readonly<Record<PolicyAction, string>> = {
  "iot:Connect": "client/",
  "iot:Publish": "topic/",
  "iot:RetainPublish": "topic/",
  "iot:Subscribe": "topicfilter/",
  "iot:Receive": "topic/",
};

/** What one client may do: whatever no statement denies and one allows. */
export class BoundPolicy {
  readonly #byAction: ReadonlyMap<PolicyAction, readonly BoundStatement[]>;
  readonly #prefix: string;

  constructor(statements: readonly BoundStatement[], prefix: string) {
    const actions = Object.keys(RESOURCE_KINDS) as PolicyAction[];
    this.#byAction = new Map(actions.map((action) => [action, statements.filter((statement) => statement.concerns(action))]));
    this.#prefix = prefix;
  }

  /** @param name Client Identifier, topic name, or topic filter as the client wrote it. */
  decide(action: PolicyAction, name: string): PolicyVerdict {
    const arn = this.#prefix + RESOURCE_KINDS[action] + name;
    let allowedBy: string | undefined;
    for (const statement of this.#byAction.get(action) ?? []) {
      if (statement.isAllow && allowedBy !== undefined) continue;
      if (!statement.covers(arn)) continue;
      if (!statement.isAllow) return { decision: "EXPLICIT_DENY", statement: statement.name, arn };
      allowedBy = statement.name;
    }
    return allowedBy === undefined ? { decision: "IMPLICIT_DENY", arn } : { decision: "ALLOWED", statement: allowedBy, arn };
  }

  /** Whether the action is allowed for every name, so that nobody need ask about each. */
  allowsEverything(action: PolicyAction): boolean {
    const statements = this.#byAction.get(action) ?? [];
    const prefix = this.#prefix + RESOURCE_KINDS[action];
    return statements.every(({ isAllow }) => isAllow) && statements.some((statement) => statement.coversAllBelow(prefix));
  }
}

function statementsOf(document: unknown, at: string, report: (at: string, message: string) => void): Statement[] {
  const text = typeof document === "string" ? document : textOf(document);
  if (text === undefined) {
    report(at, "is nested too deeply");
    return [];
  }
  const length = text.replace(/\s/g, "").length;
  if (length > DOCUMENT_LENGTH_MAX) report(at, `has ${length} characters, more than ${DOCUMENT_LENGTH_MAX}`);
  const value = typeof document === "string" ? parsed(document) : document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report(at, "is neither an object nor the text of one in JSON");
    return [];
  }
  const { Version: version, Statement: statement } = value as Record<string, unknown>;
  if (!VERSIONS.has(version)) report(`${at}.Version`, 'must be "2012-10-17"');
  const list = Array.isArray(statement) ? statement : [statement];
  if (statement === undefined || list.length === 0) report(`${at}.Statement`, "is missing");
  return list.flatMap((one: unknown, i) => parseStatement(one, `${at}.Statement[${i}]`, report) ?? []);
}

/** Undefined for what is nested more deeply than can be written down. */
function textOf(document: unknown): string | undefined {
  try {
    return JSON.stringify(document) ?? "";
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
