import { validateTopicFilter } from "@bowline/protocol/internal";
import { responseIdFor } from "./response-information.ts";

/** What the placeholders of one client stand for; without a value a pattern with it is nobody's. */
export interface PlaceholderValues {
  readonly clientIdentifier: string;
  readonly owner: string;
  /** Further ones, such as `client_attrs.site`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** A topic of a rule for one client. */
export interface BoundTopic {
  /** The text itself is meant, wildcards included (`eq `). */
  readonly isLiteral: boolean;
  readonly topicFilter: string;
}

const LITERAL = "eq ";
const PLACEHOLDER = /^\$\{([^{}]*)\}$/;
const NAMES = /^(clientid|username|responseid|client_attrs\.[A-Za-z0-9_.-]{1,64})$/;

/** What is wrong with a topic of a rule, in words; undefined when nothing is. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.startsWith("$share/")) return "$share/ does not belong into a rule: the filter behind the ShareName is what counts";
  const isLiteral = pattern.startsWith(LITERAL);
  const filter = isLiteral ? pattern.slice(LITERAL.length) : pattern;
  for (const level of filter.split("/")) {
    const name = PLACEHOLDER.exec(level)?.[1];
    if (name === undefined ? level.includes("${") : !NAMES.test(name)) {
      return name === undefined
        ? `"${level}": a placeholder must fill its whole level`
        : `"${level}" is not known; known are \${clientid}, \${username}, \${responseid} and \${client_attrs.NAME}`;
    }
  }
  const plain = filter.replaceAll(/\$\{[^{}]*\}/g, "x");
  const fault = validateTopicFilter(plain);
  return fault === undefined ? undefined : `"${pattern}": ${fault.message}`;
}

/** Whether the topic is another one for each client. */
export function hasPlaceholder(pattern: string): boolean {
  return pattern.includes("${");
}

/**
 * A (valid) topic of a rule with the values of one client put in. Undefined where it matches nothing: a value is missing or empty, or
 * has a character that would reach other topics than its own level, or begins the topic with `$`.
 */
export function bindPattern(pattern: string, values: PlaceholderValues): BoundTopic | undefined {
  const isLiteral = pattern.startsWith(LITERAL);
  const filter = isLiteral ? pattern.slice(LITERAL.length) : pattern;
  if (!hasPlaceholder(filter)) return { isLiteral, topicFilter: filter };
  const levels = filter.split("/");
  for (const [i, level] of levels.entries()) {
    const name = PLACEHOLDER.exec(level)?.[1];
    if (name === undefined) continue;
    const value = valueOf(name, values);
    if (value === undefined || value === "" || /[+#/\0]/.test(value) || (i === 0 && value.startsWith("$"))) return undefined;
    levels[i] = value;
  }
  return { isLiteral, topicFilter: levels.join("/") };
}

function valueOf(name: string, { clientIdentifier, owner, attributes }: PlaceholderValues): string | undefined {
  if (name === "clientid") return clientIdentifier;
  if (name === "username") return owner;
  if (name === "responseid") return responseIdFor({ owner, clientIdentifier });
  const attribute = name.slice("client_attrs.".length);
  return attributes !== undefined && Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
}
