/**
 * A decoded value as JSON can hold it: bytes as base64, times as ISO 8601, keys that are no texts by their JSON, numbers too large for
 * JSON's readers as texts.
 */
export function jsonValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map)
    return Object.fromEntries(
      [...value].map(([key, each]) => [typeof key === "string" ? key : JSON.stringify(jsonValue(key)), jsonValue(each)]),
    );
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonValue(each)]));
  return value === undefined ? null : value;
}
