import type { HttpHookConfig } from "./http-hook-config.ts";
import type { TemplateFields } from "./template-fields.ts";

/** One question to a webhook. */
export interface HookQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a client is cannot stand where the configuration wants it. */
export interface HookMisfit {
  readonly misfit: string;
}

const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
/** A segment of an address that is dots alone. */
const DOTS = /\/\.{1,2}(?=[/?#]|$)/;

/** The request of a webhook, whose address, headers and fields hold placeholders. */
export class HookTemplate<T> {
  readonly #config: HttpHookConfig;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fields: TemplateFields<T>;

  /** @param headers Those of the configuration, with their secrets read. */
  constructor(config: HttpHookConfig, headers: Readonly<Record<string, string>>, fields: TemplateFields<T>) {
    this.#config = config;
    this.#headers = headers;
    this.#fields = fields;
  }

  /** The question about one client. */
  about(who: T): HookQuestion | HookMisfit {
    const headers: Record<string, string> = {};
    for (const [name, text] of Object.entries(this.#headers)) {
      // A secret is no template, whatever it holds.
      const isTemplate = typeof this.#config.headers[name] === "string";
      const value = isTemplate ? this.#fields.text(text, who, utf8AsLatin1) : text;
      if (CONTROL.test(value)) return { misfit: `what the header ${name} would hold has control characters` };
      headers[name] = value;
    }
    const url = this.#fields.text(this.#config.url, who, encodeURIComponent);
    if (DOTS.test(url) && !DOTS.test(this.#config.url)) return { misfit: "what the address would hold leads elsewhere" };
    return { url, headers, fields: this.#fields.fill(this.#config.body, who) };
  }
}

/** As the bytes of a header go over the wire: fetch takes each character for one. */
function utf8AsLatin1(value: string): string {
  return Buffer.from(value, "utf8").toString("latin1");
}
