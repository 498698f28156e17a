/** What stands between the % and the letter of a field. */
export interface FieldShape {
  readonly isLeft: boolean;
  /** Zeros in place of spaces before what is shorter. */
  readonly isZeroed: boolean;
  /** 0 for as many characters as there are. */
  readonly width: number;
  /** Most characters of a text; digits behind the point; or hexadecimal digits between two separators. */
  readonly precision: number | undefined;
  readonly separator: string;
}

/** A number as it is written, which is padded as numbers are and never cut. */
export interface Digits {
  readonly digits: string;
}

/** Brings a field to its width. Bytes that are longer than it are cut, as mosquitto_sub does with payloads. */
export function shaped(value: string | Digits | Uint8Array | undefined, shape: FieldShape): string | Uint8Array {
  const { width, precision, isZeroed } = shape;
  if (value instanceof Uint8Array) return shapedBytes(value, shape);
  if (value === undefined) return (isZeroed ? "0" : " ").repeat(width);
  if (typeof value === "object") return padded(value.digits, shape, isZeroed);
  return padded(precision === undefined ? value : value.slice(0, precision), shape, false);
}

/** Hexadecimal digits, with the separator between groups of `precision` of them. */
export function shapedHex(bytes: Uint8Array, { width, precision = 0, separator }: FieldShape): string {
  const shown = width === 0 ? bytes : bytes.subarray(0, Math.ceil(width / 2));
  const digits = Buffer.from(shown).toString("hex");
  if (precision === 0) return digits;
  return (digits.match(new RegExp(`.{1,${precision}}`, "g")) ?? []).join(separator);
}

function shapedBytes(bytes: Uint8Array, { width, isLeft, isZeroed }: FieldShape): Uint8Array {
  if (width === 0) return bytes;
  const room = Buffer.alloc(Math.max(0, width - bytes.length), isZeroed && !isLeft ? "0" : " ");
  const shown = bytes.subarray(0, width);
  return Buffer.concat(isLeft ? [shown, room] : [room, shown]);
}

function padded(text: string, { width, isLeft }: FieldShape, isZeroed: boolean): string {
  if (isLeft) return text.padEnd(width);
  if (!isZeroed) return text.padStart(width);
  return text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
}
