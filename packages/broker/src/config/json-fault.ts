/** Where a text stops being JSON, and in words why. */
export interface JsonFault {
  readonly offset: number;
  readonly words: string;
}

const BLANK = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Deeper than any configuration, and far from the end of the stack. */
const DEPTH_MAX = 100;

/** What is wrong with a text that is to be JSON; undefined for nothing. `JSON.parse` says neither line nor column in every version of Node. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    new JsonReader(text).read();
    return undefined;
  } catch (error) {
    if (error instanceof Unexpected) return { offset: error.offset, words: error.message };
    throw error;
  }
}

class Unexpected extends Error {
  readonly offset: number;

  constructor(offset: number, words: string) {
    super(words);
    this.offset = offset;
  }
}

/** Reads past JSON without making anything of it. */
class JsonReader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    // Some editors begin a file with a byte order mark.
    this.#at = text.startsWith("\ufeff") ? 1 : 0;
  }

  read(): void {
    this.#value(0);
    this.#skip(BLANK);
    if (this.#at < this.#text.length) this.#fail("something stands behind the end of the value");
  }

  #value(depth: number): void {
    this.#skip(BLANK);
    const next = this.#text[this.#at];
    if (depth > DEPTH_MAX) this.#fail("it is nested too deeply");
    if (next === "{") this.#list("}", () => this.#pair(depth));
    else if (next === "[") this.#list("]", () => this.#value(depth + 1));
    else if (next === '"') this.#string();
    else if (!this.#skip(SCALAR) || /[\w.]/.test(this.#text[this.#at] ?? ""))
      this.#fail("a value is expected: text stands in double quotes");
  }

  #pair(depth: number): void {
    if (this.#text[this.#at] !== '"') this.#fail("a key in double quotes is expected");
    this.#string();
    this.#skip(BLANK);
    if (this.#text[this.#at] !== ":") this.#fail("a colon is expected behind the key");
    this.#at++;
    this.#value(depth + 1);
  }

  #string(): void {
    if (!this.#skip(STRING)) this.#fail("the text that begins here has no end, or a character that must be escaped");
  }

  /** From its opening bracket to the closing one. */
  #list(end: string, item: () => void): void {
    this.#at++;
    this.#skip(BLANK);
    if (this.#text[this.#at] === end) this.#at++;
    else this.#items(end, item);
  }

  #items(end: string, item: () => void): void {
    for (;;) {
      this.#skip(BLANK);
      if (this.#text[this.#at] === end) this.#fail(`no comma may stand before ${end}`);
      item();
      this.#skip(BLANK);
      const next = this.#text[this.#at];
      if (next !== "," && next !== end) this.#fail(`a comma or ${end} is expected`);
      this.#at++;
      if (next === end) return;
    }
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #fail(words: string): never {
    if (this.#at >= this.#text.length) throw new Unexpected(this.#at, `the file ends too early: ${words}`);
    const isComment = /^(?:#|\/[/*])/.test(this.#text.slice(this.#at, this.#at + 2));
    throw new Unexpected(
      this.#at,
      isComment ? "JSON has no comments, and YAML has: call the file .yaml, and write # before them" : words,
    );
  }
}
