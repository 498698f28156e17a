import { Condition, isKnownVariable, type PolicyContext, variablesOf } from "./condition.ts";
import { type BoundPattern, Pattern, type Variables } from "./pattern.ts";

/** What AWS IoT asks policies about. */
export type PolicyAction = "iot:Connect" | "iot:Publish" | "iot:RetainPublish" | "iot:Subscribe" | "iot:Receive";

/** Tells where in a document something is wrong. */
export type Report = (at: string, message: string) => void;

/** Actions have none. */
const NO_VARIABLES: Variables = new Map();
const FIELDS: ReadonlySet<string> = new Set(["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"]);

/** One statement of a policy document, understood. */
export interface Statement {
  /** `policyDocuments[0].Statement[1]`, or with its Sid. */
  readonly name: string;
  readonly isAllow: boolean;
  readonly actions: readonly Pattern[];
  readonly isNotAction: boolean;
  readonly resources: readonly Pattern[];
  readonly isNotResource: boolean;
  readonly conditions: readonly Condition[];
}

/** @param at Where it stands in the authorizer's answer. */
export function parseStatement(value: unknown, at: string, report: Report): Statement | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report(at, "is no object");
    return undefined;
  }
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) if (!FIELDS.has(name)) report(`${at}.${name}`, "is not known");
  const { Effect: effect, Sid: sid } = fields;
  if (effect !== "Allow" && effect !== "Deny") report(`${at}.Effect`, "must be Allow or Deny");
  const action = oneOf(fields, "Action", "NotAction", at, report);
  const resource = oneOf(fields, "Resource", "NotResource", at, report);
  for (const name of action.values)
    if (!/^(\*|iot:[\w*?]+)$/i.test(name)) report(`${at}.${action.name}`, `has "${name}", which is no action of AWS IoT`);
  for (const name of resource.values)
    if (!isArnPattern(name)) report(`${at}.${resource.name}`, `has "${name}", which is neither * nor an ARN`);
  const resources = resource.values.map((text) => new Pattern(text));
  for (const { variables } of resources)
    for (const name of variables)
      if (!isKnownVariable(name)) report(`${at}.${resource.name}`, `has \${${name}}, which is no policy variable of AWS IoT`);
  return {
    name: typeof sid === "string" && sid !== "" ? `${at} (${sid})` : at,
    isAllow: effect === "Allow",
    // Actions are compared without regard to case, as in IAM.
    actions: action.values.map((text) => new Pattern(text.toLowerCase())),
    isNotAction: action.name === "NotAction",
    resources,
    isNotResource: resource.name === "NotResource",
    conditions: conditionsOf(fields["Condition"], `${at}.Condition`, report),
  };
}

/** A statement for one client: its conditions hold, its variables are filled in. */
export class BoundStatement {
  readonly name: string;
  readonly isAllow: boolean;
  readonly #statement: Statement;
  readonly #resources: readonly BoundPattern[];

  private constructor(statement: Statement, resources: readonly BoundPattern[]) {
    this.name = statement.name;
    this.isAllow = statement.isAllow;
    this.#statement = statement;
    this.#resources = resources;
  }

  /** Undefined when the statement does not concern this client. */
  static bind(statement: Statement, context: PolicyContext): BoundStatement | undefined {
    if (!statement.conditions.every((condition) => condition.holds(context))) return undefined;
    const variables = variablesOf(context);
    return new BoundStatement(
      statement,
      statement.resources.map((resource) => resource.bind(variables)),
    );
  }

  concerns(action: PolicyAction): boolean {
    const name = action.toLowerCase();
    return this.#statement.actions.some((pattern) => pattern.bind(NO_VARIABLES).matches(name)) !== this.#statement.isNotAction;
  }

  covers(arn: string): boolean {
    // What allows must match with its own values; what denies does in doubt. With NotResource it is the other way round.
    const inDoubt = this.isAllow === this.#statement.isNotResource;
    const isNamed = this.#resources.some((resource) => (inDoubt || !resource.lacksValue) && resource.matches(arn));
    return isNamed !== this.#statement.isNotResource;
  }

  /** Whether it surely covers everything that begins so. */
  coversAllBelow(prefix: string): boolean {
    return !this.#statement.isNotResource && this.#resources.some((resource) => resource.isEverythingBelow(prefix));
  }
}

function oneOf(
  fields: Record<string, unknown>,
  name: string,
  notName: string,
  at: string,
  report: Report,
): { name: string; values: string[] } {
  const isNot = fields[notName] !== undefined;
  if (isNot && fields[name] !== undefined) report(at, `has both ${name} and ${notName}`);
  const used = isNot ? notName : name;
  const values = textsOf(fields[used]);
  if (values === undefined) report(`${at}.${used}`, "must be a text or a list of texts");
  return { name: used, values: values ?? [] };
}

function conditionsOf(value: unknown, at: string, report: Report): Condition[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) {
    report(at, "is no object");
    return [];
  }
  const conditions: Condition[] = [];
  for (const [operator, keys] of Object.entries(value)) {
    for (const [key, wanted] of Object.entries((keys ?? {}) as Record<string, unknown>)) {
      const values = textsOf(typeof wanted === "boolean" ? String(wanted) : wanted);
      const condition = values === undefined ? "must have a text or a list of texts" : Condition.parse(operator, key, values);
      if (typeof condition === "string") report(`${at}.${operator}`, condition);
      else conditions.push(condition);
    }
  }
  return conditions;
}

function textsOf(value: unknown): string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined;
}

/** `*`, or an ARN of six parts; a `*` may stand for several of them. */
function isArnPattern(text: string): boolean {
  return text === "*" || (text.startsWith("arn:") && (text.split(":").length >= 6 || text.includes("*")));
}
