const PLACEHOLDER = /\$\{([A-Za-z0-9_.-]+)\}/g;
const ALONE = /^\$\{([A-Za-z0-9_.-]+)\}$/;

/** What a placeholder stands for; undefined where the client has no such thing. */
export type PlaceholderValue<T> = (about: T) => string | undefined;

/** The texts of requests, which hold placeholders. */
export class TemplateFields<T> {
  readonly #find: (name: string) => PlaceholderValue<T> | undefined;

  /** @param find What a name stands for; undefined for a name that there is not. */
  constructor(find: (name: string) => PlaceholderValue<T> | undefined) {
    this.#find = find;
  }

  /** With their placeholders filled in. One that is a placeholder alone, without a value, is left out. */
  fill(body: Readonly<Record<string, string>>, about: T): Record<string, string> {
    const fields: Record<string, string> = {};
    for (const [name, template] of Object.entries(body)) {
      const alone = ALONE.exec(template)?.[1];
      if (alone !== undefined && this.#find(alone)?.(about) === undefined) continue;
      fields[name] = this.text(template, about, (value) => value);
    }
    return fields;
  }

  /** One text with its placeholders filled in; nothing stands for what the client has not. */
  text(template: string, about: T, encode: (value: string) => string): string {
    return template.replace(PLACEHOLDER, (_, name: string) => encode(this.#find(name)?.(about) ?? ""));
  }

  /** The first placeholder that there is not. */
  unknownIn(body: Readonly<Record<string, string>>): string | undefined {
    for (const template of Object.values(body))
      for (const [whole, name = ""] of template.matchAll(PLACEHOLDER)) if (this.#find(name) === undefined) return whole;
    return undefined;
  }
}
