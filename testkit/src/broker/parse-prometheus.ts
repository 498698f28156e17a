/** One sample of a scrape, as a test asks for it. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape says, for tests. */
export interface ParsedMetrics {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly ParsedSample[];
  /** The value of the one sample with these labels. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/y;

/**
 * Reads Prometheus' text format 0.0.4 and is stricter than Prometheus: it throws at whatever the format does not know, at a family that is
 * told twice or in pieces, at a sample before its TYPE, and at a sample that is there twice.
 */
export function parsePrometheus(text: string): ParsedMetrics {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const types = new Map<string, string>();
  const samples: ParsedSample[] = [];
  const seen = new Set<string>();
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line);
    if (comment !== null) {
      const [, kind = "", name = "", rest = ""] = comment;
      if (kind === "HELP" && types.has(name)) throw new Error(`${name} is told twice`);
      if (kind === "TYPE") {
        if (!["counter", "gauge", "summary", "histogram", "untyped"].includes(rest)) throw new Error(`no type: ${line}`);
        types.set(name, rest);
      }
      family = name;
      continue;
    }
    const sample = readSample(line);
    if (!isOf(sample.name, family, types.get(family))) throw new Error(`outside of its family: ${line}`);
    const key = `${sample.name}${JSON.stringify(sample.labels, Object.keys(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    samples.push(sample);
  }
  const value: ParsedMetrics["value"] = (name, labels = {}) =>
    samples.find((each) => each.name === name && Object.entries(labels).every(([key, wanted]) => each.labels[key] === wanted))
      ?.value;
  return { types, samples, value };
}

/** A summary and a histogram have their sum and their count under names of their own. */
function isOf(name: string, family: string, type: string | undefined): boolean {
  if (type === undefined) return false;
  const hasParts = type === "summary" || type === "histogram";
  return name === family || (hasParts && [`${family}_sum`, `${family}_count`].includes(name));
}

/** What Prometheus' own `promtool check metrics` finds fault with, in its words; empty when all is well. */
export function lintPrometheus(text: string): string[] {
  const { types, samples } = parsePrometheus(text);
  const faults: string[] = [];
  for (const [name, type] of types) {
    if (!new RegExp(`^# HELP ${name} \\S`, "m").test(text)) faults.push(`${name} no help text`);
    if ((type === "counter") !== name.endsWith("_total")) faults.push(`${name} counters, and they alone, end in "_total"`);
    if (/_(sum|count|bucket)$/.test(name)) faults.push(`${name} ends as a part of a summary does`);
    if (/[A-Z]/.test(name)) faults.push(`${name} is not in snake_case`);
    if (/_(counter|gauge|summary|histogram)(_|$)/.test(name)) faults.push(`${name} has its type in its name`);
    const [unit] = /_(milliseconds|ms|minutes|hours|days|kilobytes|megabytes|kb|mb)(?=_|$)/.exec(name) ?? [];
    if (unit !== undefined) faults.push(`${name} use base units and not "${unit}"`);
  }
  for (const { name, labels } of samples) {
    if ("quantile" in labels && types.get(name) !== "summary") faults.push(`${name} only a summary has the label "quantile"`);
    if ("le" in labels) faults.push(`${name} only a histogram has the label "le"`);
  }
  return faults;
}

function readSample(line: string): ParsedSample {
  const [, name, labelText = "", valueText = ""] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const [, key, value = ""] = LABEL.exec(labelText) ?? [];
    if (key === undefined || key in labels) throw new Error(`labels of: ${line}`);
    labels[key] = value.replace(/\\(.)/g, (_whole, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  const value = { "+Inf": Infinity, "-Inf": -Infinity, NaN }[valueText] ?? Number(valueText);
  if (valueText !== "NaN" && Number.isNaN(value)) throw new Error(`no number: ${line}`);
  return { name, labels, value };
}
