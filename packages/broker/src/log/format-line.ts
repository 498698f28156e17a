const COLOURS: Record<string, number> = { trace: 90, debug: 90, info: 36, warn: 33, error: 31 };

/**
 * One JSON line of the logger as a line for people: time of day, level, sentence, then the fields as `name=value`.
 * Control characters are shown escaped: a Client Identifier or a topic must not be able to steer the terminal.
 */
export function formatLine(line: string, colour: boolean): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const name = String(level).padEnd(5);
  const painted = colour ? `\x1b[${COLOURS[String(level)] ?? 0}m${name}\x1b[0m` : name;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${clock} ${painted} ${escapeControls(String(message))}${rest.join("")}\n`;
}

function formatValue(value: unknown): string {
  if (typeof value === "string" && /^[\w./:@$+#*-]+$/.test(value)) return value;
  return escapeControls(JSON.stringify(value));
}

function escapeControls(text: string): string {
  // JSON leaves DEL and the C1 range alone, and terminals obey some of them.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
