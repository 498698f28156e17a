/**
 * The bar of a criterion, which is stated for a machine that does nothing else. The long run keeps it; a daily run shares its cores with
 * other tests, and there a fault shall cost a second at least to be seen.
 */
export function statedBar(ms: number): number {
  return process.env["BOWLINE_LONG"] === "1" ? ms : ms + 1000;
}
