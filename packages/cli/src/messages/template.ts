import { randomInt, randomUUID } from "node:crypto";
import { MqttError } from "@bowline/protocol";

/** Makes the text of a message; `counter` is the number of the message, from 1. */
export type Template = (counter: number) => string;

type Part = (counter: number, words: readonly string[]) => string;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const INTEGER_SPAN_MAX = 2 ** 48 - 1;

/** What may stand in {{...}}; the words after the name are its arguments. Named in docs/command-line.md. */
export const PLACEHOLDERS: Readonly<Record<string, Part>> = {
  counter: (counter) => String(counter),
  time: () => new Date().toISOString(),
  timestamp: () => String(Date.now()),
  uuid: () => randomUUID(),
  integer: (_, words) => {
    const [from, to] = range("integer", words);
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to - from >= INTEGER_SPAN_MAX) throw fault("integer", words);
    return String(randomInt(from, to + 1));
  },
  number: (_, words) => {
    const [from, to] = range("number", words);
    return String(Math.round((from + Math.random() * (to - from)) * 1_000) / 1_000);
  },
  text: (_, words) => {
    const length = Number(words[0] ?? 8);
    if (!Number.isInteger(length) || length < 1 || length > 1_000_000) throw fault("text", words);
    return Array.from({ length }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join("");
  },
  pick: (_, words) => {
    if (words.length === 0) throw fault("pick", words);
    return words[Math.floor(Math.random() * words.length)] as string;
  },
};

/**
 * Reads a text with {{placeholders}}, once for all messages.
 *
 * @throws MqttError USAGE for a placeholder that is not known, or wrong arguments of one
 */
export function compileTemplate(text: string): Template {
  const parts: ((counter: number) => string)[] = [];
  let from = 0;
  for (const found of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    const before = text.slice(from, found.index);
    if (before !== "") parts.push(() => before);
    parts.push(placeholder(found[1] ?? ""));
    from = found.index + found[0].length;
  }
  const rest = text.slice(from);
  parts.push(() => rest);
  const template: Template = (counter) => parts.map((part) => part(counter)).join("");
  // Wrong arguments are told before the first message.
  template(1);
  return template;
}

function placeholder(inside: string): (counter: number) => string {
  const [name = "", ...words] = inside.trim().split(/\s+/);
  const part = Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined;
  if (part !== undefined) return (counter) => part(counter, words);
  throw new MqttError("USAGE", { detail: `{{${name}}} is not known; there are ${Object.keys(PLACEHOLDERS).join(", ")}` });
}

function range(name: string, words: readonly string[]): [number, number] {
  const [from = 0, to = name === "integer" ? 100 : 1] = words.map(Number);
  if (words.length > 2 || !Number.isFinite(from) || !Number.isFinite(to) || from > to) throw fault(name, words);
  return [from, to];
}

function fault(name: string, words: readonly string[]): MqttError {
  const forms: Readonly<Record<string, string>> = {
    integer: "{{integer FROM TO}}",
    number: "{{number FROM TO}}",
    text: "{{text LENGTH}}",
    pick: "{{pick ONE OTHER ...}}",
  };
  return new MqttError("USAGE", { detail: `{{${[name, ...words].join(" ")}}} must be ${forms[name]}` });
}
