import type avro from "avsc";
import { type AvroField, type AvroType, avroType, branchName } from "./avro-type.ts";

/**
 * A value in Avro's JSON as bytes. A union's value may stand bare: the first branch that takes it is meant. Nothing is left out
 * in silence: what the schema does not know, or cannot hold, is an error.
 *
 * @throws Error with the place in the value
 */
export function encodeAvro(type: avro.Type, value: unknown): Uint8Array {
  return Buffer.concat(pieces(avroType(type), value, "the value"));
}

type Pieces = readonly Uint8Array[];

function pieces(type: AvroType, value: unknown, place: string): Pieces {
  switch (type.typeName) {
    case "null":
      return value === null ? [] : fail(place, "null", value);
    case "boolean":
      return typeof value === "boolean" ? [Uint8Array.of(value ? 1 : 0)] : fail(place, "a boolean", value);
    case "int":
      return [varint(whole(value, place, 32, "an int"))];
    case "long":
      return [varint(whole(value, place, 64, "a long"))];
    case "float":
      return [new Uint8Array(Float32Array.of(real(value, place)).buffer)];
    case "double":
      return [new Uint8Array(Float64Array.of(real(value, place)).buffer)];
    case "bytes":
      return sized(characters(value, place));
    case "string":
      return typeof value === "string" ? sized(Buffer.from(value)) : fail(place, "a string", value);
    case "fixed":
      return [fixed(characters(value, place), type.size, place)];
    case "enum":
      return [varint(BigInt(symbolOf(type.symbols, value, place)))];
    case "array":
      return array(avroType(type.itemsType), value, place);
    case "map":
      return map(avroType(type.valuesType), value, place);
    case "union:wrapped":
      return union(type.types, value, place);
    case "record":
    case "error":
      return record(type.fields, value, place);
  }
}

function record(fields: readonly AvroField[], value: unknown, place: string): Pieces {
  const given = object(value, place);
  const stray = Object.keys(given).find((key) => !fields.some(({ name }) => name === key));
  if (stray !== undefined) throw new Error(`${place}.${stray} is no field of the schema`);
  return fields.flatMap((field) => {
    const { name, type } = field;
    const own = Object.hasOwn(given, name) ? given[name] : field.defaultValue();
    if (own === undefined) throw new Error(`${place}.${name} is missing, and has no default`);
    return pieces(avroType(type), own, `${place}.${name}`);
  });
}

function array(items: AvroType, value: unknown, place: string): Pieces {
  if (!Array.isArray(value)) return fail(place, "an array", value);
  const inside = value.flatMap((item, i) => pieces(items, item, `${place}[${i}]`));
  return block(value.length, inside);
}

function map(values: AvroType, value: unknown, place: string): Pieces {
  const entries = Object.entries(object(value, place));
  const inside = entries.flatMap(([key, each]) => [...sized(Buffer.from(key)), ...pieces(values, each, `${place}.${key}`)]);
  return block(entries.length, inside);
}

function block(count: number, inside: Pieces): Pieces {
  return count === 0 ? [varint(0n)] : [varint(BigInt(count)), ...inside, varint(0n)];
}

function union(types: readonly avro.Type[], value: unknown, place: string): Pieces {
  const [key, ...others] = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const named = others.length === 0 ? types.findIndex((type) => branchName(type) === key) : -1;
  if (named !== -1 && key !== undefined) {
    const inside = (value as Readonly<Record<string, unknown>>)[key];
    return [varint(BigInt(named)), ...pieces(avroType(types[named] as avro.Type), inside, place)];
  }
  for (const [i, type] of types.entries()) {
    try {
      return [varint(BigInt(i)), ...pieces(avroType(type), value, place)];
    } catch {
      // Another branch may take it.
    }
  }
  return fail(place, types.map(branchName).join(" or "), value);
}

function whole(value: unknown, place: string, bits: number, what: string): bigint {
  const isWhole =
    typeof value === "bigint" || (typeof value === "string" ? /^-?\d{1,20}$/.test(value) : Number.isSafeInteger(value));
  if (!isWhole) return fail(place, what, value);
  const number = BigInt(value as string | number | bigint);
  return BigInt.asIntN(bits, number) === number ? number : fail(place, what, value);
}

const UNREAL: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

function real(value: unknown, place: string): number {
  return typeof value === "number" || typeof value === "bigint" || UNREAL.has(value)
    ? Number(value)
    : fail(place, "a number", value);
}

/** Bytes are characters up to U+00FF; defaults of the schema come as bytes. */
function characters(value: unknown, place: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every byte is meant.
  return typeof value === "string" && /^[\0-\u00ff]*$/.test(value) ? Buffer.from(value, "latin1") : fail(place, "bytes", value);
}

function fixed(bytes: Uint8Array, size: number, place: string): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new Error(`${place} must have ${size} bytes, not ${bytes.length}`);
}

function symbolOf(symbols: readonly string[], value: unknown, place: string): number {
  const index = symbols.indexOf(value as string);
  return index === -1 ? fail(place, `one of ${symbols.join(", ")}`, value) : index;
}

function object(value: unknown, place: string): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : fail(place, "an object", value);
}

function sized(bytes: Uint8Array): Pieces {
  return [varint(BigInt(bytes.length)), bytes];
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(rest));
}

function fail(place: string, what: string, value: unknown): never {
  const given = JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
  throw new Error(`${place} must be ${what}, not ${given.slice(0, 60)}`);
}
