import type avro from "avsc";
import { type AvroType, avroType, branchName } from "./avro-type.ts";

/** A message that nests deeper is no data that somebody wrote. */
const DEPTH_MAX = 100;

/**
 * The value of a payload in Avro's JSON: bytes as characters up to U+00FF, unions as an object with the name of the branch. Numbers
 * that JSON's readers would change are texts.
 *
 * @throws Error when the payload is not of the type, to its last byte
 */
export function decodeAvro(type: avro.Type, payload: Uint8Array): unknown {
  const reader = new AvroReader(payload);
  const value = reader.value(avroType(type), 0);
  if (reader.left > 0) throw new Error(`${reader.left} bytes are left after the value`);
  return value;
}

class AvroReader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  value(type: AvroType, depth: number): unknown {
    if (depth > DEPTH_MAX) throw new Error(`it nests deeper than ${DEPTH_MAX} levels`);
    switch (type.typeName) {
      case "null":
        return null;
      case "boolean":
        return this.boolean();
      case "int":
        return this.int();
      case "long":
        return inJson(this.long());
      case "float":
        return inJson(this.take(4).readFloatLE());
      case "double":
        return inJson(this.take(8).readDoubleLE());
      case "bytes":
        return this.take(this.size()).toString("latin1");
      case "string":
        return this.text();
      case "fixed":
        return this.take(type.size).toString("latin1");
      case "enum":
        return this.pick(type.symbols);
      case "array":
        return this.blocks(() => this.value(avroType(type.itemsType), depth + 1));
      case "map":
        return Object.fromEntries(this.blocks(() => [this.text(), this.value(avroType(type.valuesType), depth + 1)] as const));
      case "union:wrapped":
        return this.branch(this.pick(type.types), depth);
      case "record":
      case "error":
        return Object.fromEntries(type.fields.map((field) => [field.name, this.value(avroType(field.type), depth + 1)]));
    }
  }

  private branch(type: avro.Type, depth: number): unknown {
    const value = this.value(avroType(type), depth + 1);
    return value === null ? null : { [branchName(type)]: value };
  }

  /** Of an array or a map. Where items take no bytes, more of them than bytes follow are refused too: nobody could count on them. */
  private blocks<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let count = this.long(); count !== 0n; count = this.long()) {
      if (count < 0n) {
        count = -count;
        this.long();
      }
      if (count > BigInt(this.left)) throw new Error(`${count} items do not fit into ${this.left} bytes`);
      for (let i = 0n; i < count; i++) items.push(item());
    }
    return items;
  }

  private pick<T>(choices: readonly T[]): T {
    const choice = choices[this.int()];
    if (choice !== undefined) return choice;
    throw new Error("a number is out of its range");
  }

  private boolean(): boolean {
    const [byte = 0] = this.take(1);
    if (byte > 1) throw new Error(`${byte} is no boolean`);
    return byte === 1;
  }

  private int(): number {
    const value = this.long();
    if (value === BigInt.asIntN(32, value)) return Number(value);
    throw new Error("a number is out of its range");
  }

  private size(): number {
    const size = this.long();
    if (size >= 0n && size <= BigInt(this.left)) return Number(size);
    throw new Error(`${size} bytes do not fit into ${this.left}`);
  }

  private text(): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(this.size()));
  }

  private long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte = 0] = this.take(1);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new Error("a number is longer than 10 bytes");
  }

  private take(size: number): Buffer {
    if (size > this.left) throw new Error("it ends too early");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
}

function inJson(value: number | bigint): number | string {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}
