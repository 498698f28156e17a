import { MqttError } from "@bowline/protocol";
import type { Command } from "./command.ts";

/**
 * Holds the words of a command line against the forms of its help, before anything else is looked at: who mistypes one is told so, whether
 * or not there is a broker, a store or a file.
 *
 * @throws MqttError USAGE
 */
export function checkWords(name: string, { usage, mostWords }: Command, words: readonly string[]): void {
  const forms = usage.map(formOf);
  const [word = "", ...rest] = words;
  if (forms.some(({ actions }) => actions.length === 0)) {
    if (mostWords !== undefined && words.length > mostWords) tooMany(`bowline ${name}`, words[mostWords]);
    return;
  }
  const form = forms.find(({ actions }) => actions.includes(word));
  if (form === undefined) {
    const known = forms.flatMap(({ actions }) => actions);
    throw new MqttError("USAGE", { detail: `say ${known.slice(0, -1).join(", ")} or ${known.at(-1)}` });
  }
  for (const [i, place] of form.places.entries()) mustBeOneOf(place, rest[i]);
  const missing = form.places[rest.length];
  if (missing !== undefined && !missing.startsWith("["))
    throw new MqttError("USAGE", {
      detail: `${missing.replace(/\.\.\.$/, "")} is missing: ${form.text.replace(form.actions.join("|"), word)}`,
    });
  if (!form.text.includes("...") && rest.length > form.places.length) tooMany(`bowline ${name} ${word}`, rest[form.places.length]);
}

interface Form {
  readonly text: string;
  /** The words that may come first; none where the form begins with something else. */
  readonly actions: readonly string[];
  /** What the words behind it are called. */
  readonly places: readonly string[];
}

function formOf(text: string): Form {
  const [, , first = "", ...rest] = text.replace(/ \[-[^\]]*\](?:\.\.\.)?/g, "").split(" ");
  const end = rest.findIndex((word) => word.startsWith("-"));
  const actions = /^[a-z][a-z|-]*$/.test(first) ? first.split("|") : [];
  return { text, actions, places: end === -1 ? rest : rest.slice(0, end) };
}

/** A place that names all it may be, as allow|deny. */
function mustBeOneOf(place: string, word: string | undefined): void {
  if (word === undefined || !/^[a-z]+(?:\|[a-z]+)+$/.test(place) || place.split("|").includes(word)) return;
  throw new MqttError("USAGE", { detail: `say ${place.replaceAll("|", " or ")}, not "${word}"` });
}

function tooMany(what: string, word: string | undefined): never {
  throw new MqttError("USAGE", { detail: `${what} takes no "${word}"` });
}
