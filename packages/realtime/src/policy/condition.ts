import { BlockList, isIP } from "node:net";
import { Pattern, type Variables } from "./pattern.ts";

/** What a policy may ask about a client and its CONNECT. */
export interface PolicyContext {
  readonly clientId: string;
  /** Address of the client; empty when it has none. */
  readonly sourceIp: string;
  /** The name asked for in TLS (SNI). */
  readonly serverName?: string | undefined;
  readonly isSecure: boolean;
  /** `PersistentConnect` when a Session is to outlive the connection, `LastWill` when there is a will. */
  readonly connectAttributes: readonly ("PersistentConnect" | "LastWill")[];
}

/** Values of `${NAME}` in resources and conditions. */
export function variablesOf(context: PolicyContext): Variables {
  return new Map([
    ["iot:ClientId", context.clientId],
    ["iot:DomainName", context.serverName],
    ["aws:SourceIp", context.sourceIp === "" ? undefined : context.sourceIp],
    ["aws:SecureTransport", String(context.isSecure)],
  ]);
}

/** The names that a policy may use here. Things are AWS's registry's and have no values here. */
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "iot:ClientId",
  "iot:DomainName",
  "iot:ConnectAttributes",
  "aws:SourceIp",
  "aws:SecureTransport",
]);

/** Whether a name in `${...}` is one that AWS IoT knows. */
export function isKnownVariable(name: string): boolean {
  return (KNOWN_KEYS.has(name) && name !== "iot:ConnectAttributes") || /^iot:(Connection\.Thing|Certificate)\./.test(name);
}

type Test = (value: string, wanted: string, variables: Variables) => boolean;

const same: Test = (value, wanted, variables) => value === filledIn(wanted, variables);
const sameLetters: Test = (value, wanted, variables) => value.toLowerCase() === filledIn(wanted, variables)?.toLowerCase();
const like: Test = (value, wanted, variables) => {
  const bound = new Pattern(wanted).bind(variables);
  return !bound.lacksValue && bound.matches(value);
};
const inRange: Test = (value, wanted) => rangeOf(wanted)?.check(value, isIP(value) === 6 ? "ipv6" : "ipv4") ?? false;

/** Each operator's test, and whether it must hold for none of the wanted values. */
const OPERATORS: ReadonlyMap<string, readonly [Test, isNot: boolean]> = new Map([
  ["StringEquals", [same, false]],
  ["StringNotEquals", [same, true]],
  ["StringEqualsIgnoreCase", [sameLetters, false]],
  ["StringNotEqualsIgnoreCase", [sameLetters, true]],
  ["StringLike", [like, false]],
  ["StringNotLike", [like, true]],
  ["Bool", [sameLetters, false]],
  ["IpAddress", [inRange, false]],
  ["NotIpAddress", [inRange, true]],
]);

/** One line of a `Condition`. All lines of a statement must hold. */
export class Condition {
  readonly #quantifier: string | undefined;
  readonly #test: Test;
  readonly #isNot: boolean;
  readonly #key: string;
  readonly #wanted: readonly string[];

  private constructor(
    quantifier: string | undefined,
    [test, isNot]: readonly [Test, boolean],
    key: string,
    wanted: readonly string[],
  ) {
    this.#quantifier = quantifier;
    this.#test = test;
    this.#isNot = isNot;
    this.#key = key;
    this.#wanted = wanted;
  }

  /** @returns what is wrong, as words, when it cannot be understood: nothing may be granted by guessing. */
  static parse(operator: string, key: string, wanted: readonly string[]): Condition | string {
    const [, quantifier, name = ""] = /^(?:(ForAllValues|ForAnyValue):)?(.*)$/.exec(operator) ?? [];
    const row = OPERATORS.get(name);
    if (row === undefined) return `has the operator ${operator}, which is not known here`;
    if (!KNOWN_KEYS.has(key)) return `asks for ${key}, which is not known here`;
    if (name.endsWith("IpAddress")) {
      const bad = wanted.find((range) => rangeOf(range) === undefined);
      if (bad !== undefined) return `has ${bad}, which is no range of addresses`;
    }
    return new Condition(quantifier, row, key, wanted);
  }

  holds(context: PolicyContext): boolean {
    const variables = variablesOf(context);
    const values = this.#key === "iot:ConnectAttributes" ? context.connectAttributes : listOf(variables.get(this.#key));
    const passes = (value: string): boolean => this.#wanted.some((wanted) => this.#test(value, wanted, variables)) !== this.#isNot;
    if (this.#quantifier === "ForAllValues") return values.every(passes);
    // Without a value "is not" holds, and "is" does not.
    if (values.length === 0) return this.#isNot && this.#quantifier === undefined;
    return values.some(passes);
  }
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function filledIn(text: string, variables: Variables): string | undefined {
  let lacks = false;
  const filled = text.replace(/\$\{([*?$])\}|\$\{([^}]*)\}/g, (_, escaped: string | undefined, name: string = "") => {
    if (escaped !== undefined) return escaped;
    const value = variables.get(name);
    lacks ||= value === undefined;
    return value ?? "";
  });
  return lacks ? undefined : filled;
}

function rangeOf(text: string): BlockList | undefined {
  const [address = "", bits] = text.split("/");
  const family = isIP(address);
  if (family === 0 || !/^\d*$/.test(bits ?? "")) return undefined;
  const width = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : Number(bits);
  if (bits === "" || prefix > width) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 6 ? "ipv6" : "ipv4");
  return list;
}
