/** One piece of a pattern: any characters, one character, a variable's value, or characters that stand for themselves. */
type Token = "any" | "one" | { readonly variable: string } | { readonly text: string };

/** Values of policy variables. One without a value is undefined. */
export type Variables = ReadonlyMap<string, string | undefined>;

const ANY = -1;
const ONE = -2;

/** A value with one of these could widen what a topic or a filter means: `my/${iot:ClientId}/topic` with the Client Identifier `+`. */
const DANGEROUS = /[+#/]/;

/**
 * A resource of a policy: `*` is any characters, across levels too, `?` one character, `${NAME}` a variable, and `${*}`, `${?}`, `${$}`
 * are these characters themselves. MQTT's `+` and `#` mean nothing here but themselves.
 */
export class Pattern {
  readonly #tokens: readonly Token[];
  /** Names of the variables in it. */
  readonly variables: readonly string[];

  constructor(pattern: string) {
    this.#tokens = tokensOf(pattern);
    this.variables = this.#tokens.flatMap((token) => (typeof token === "object" && "variable" in token ? [token.variable] : []));
  }

  /** With the values of one client: to be matched often. */
  bind(values: Variables): BoundPattern {
    const codes: number[] = [];
    let lacks = false;
    for (const token of this.#tokens) {
      if (token === "any") codes.push(ANY);
      else if (token === "one") codes.push(ONE);
      else if ("text" in token) pushCodes(codes, token.text);
      else {
        const value = values.get(token.variable);
        if (value === undefined || DANGEROUS.test(value)) {
          lacks = true;
          codes.push(ANY);
        } else {
          pushCodes(codes, value);
        }
      }
    }
    return new BoundPattern(codes, lacks);
  }
}

/** A pattern whose variables are filled in. */
export class BoundPattern {
  readonly #codes: readonly number[];
  /**
   * A variable has no value, or one that could widen a topic (`+`, `#`, `/`). Any value matches in its place, so that what is meant to deny
   * does; what allows must not be taken to match at all.
   */
  readonly lacksValue: boolean;

  constructor(codes: readonly number[], lacksValue: boolean) {
    this.#codes = codes;
    this.lacksValue = lacksValue;
  }

  /** Whether it matches whatever begins with this. */
  isEverythingBelow(prefix: string): boolean {
    const end = this.#codes.length - 1;
    return this.#codes[end] === ANY && !this.lacksValue && matches(this.#codes.slice(0, end), prefix, true);
  }

  /** In time that grows with both lengths, whatever the pattern is. */
  matches(text: string): boolean {
    return matches(this.#codes, text, false);
  }
}

/**
 * Only the last `*` is ever tried again, since what stands before it has matched as early as it can.
 *
 * @param isPrefix Whether the pattern may end before the text does; no `*` may be needed for what is left.
 */
function matches(codes: readonly number[], text: string, isPrefix: boolean): boolean {
  let at = 0;
  let i = 0;
  let star = -1;
  let resume = 0;
  while (i < text.length) {
    const code = codes[at];
    if (code === ANY) {
      star = at++;
      resume = i;
    } else if (code !== undefined && (code === ONE || code === text.charCodeAt(i))) {
      at++;
      i++;
    } else if (isPrefix && at === codes.length) {
      return true;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (codes[at] === ANY) at++;
  return at === codes.length;
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (const [whole, escaped, variable] of pattern.matchAll(/\$\{([*?$])\}|\$\{([^}]*)\}|[^]/g)) {
    if (escaped !== undefined) addText(tokens, escaped);
    else if (variable !== undefined) tokens.push({ variable });
    else if (whole === "*") tokens.push("any");
    else if (whole === "?") tokens.push("one");
    else addText(tokens, whole);
  }
  return tokens;
}

function addText(tokens: Token[], text: string): void {
  const last = tokens.at(-1);
  if (typeof last === "object" && "text" in last) tokens[tokens.length - 1] = { text: last.text + text };
  else tokens.push({ text });
}

function pushCodes(codes: number[], text: string): void {
  for (let i = 0; i < text.length; i++) codes.push(text.charCodeAt(i));
}
