const INDENT = "  ";

/**
 * JSON text with a line for each member, undefined when it is no JSON. Every token stays as it was written: a number that is too exact
 * for JavaScript is not rounded, and a name that is there twice stays twice.
 */
export function prettyJson(text: string): string | undefined {
  if (!isJson(text)) return undefined;
  const lines = [""];
  let depth = 0;
  let opened = false;
  const append = (token: string): void => void (lines[lines.length - 1] += token);
  const breakLine = (): void => void lines.push(INDENT.repeat(depth));
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    // An empty object or array stays on its line.
    if (closes !== opened) breakLine();
    append(token === ":" ? ": " : token);
    opened = token === "{" || token === "[";
    if (opened) depth++;
    if (token === ",") breakLine();
  }
  return lines.join("\n");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
