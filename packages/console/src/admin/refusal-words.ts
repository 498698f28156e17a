/** Why, without codes: that of the refusal stands before it already, and that of an answer around it says less. */
export function refusalWords(reason: string, code: string): string {
  const words = reason.replace(/^[A-Z][A-Z0-9_]*: /, "");
  const at = words.indexOf(`${code}: `);
  return at < 0 ? words : words.slice(at + code.length + 2);
}
