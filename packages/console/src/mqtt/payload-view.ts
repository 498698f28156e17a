import { prettyJson } from "../text/pretty-json.ts";
import { visibleText } from "../text/visible-text.ts";

/** How payloads are wished for; one that is no JSON, or no text, is shown as what it is. */
export type PayloadForm = "text" | "json" | "hex";

/** A payload as it is shown. */
export interface PayloadView {
  readonly kind: "text" | "hex" | "empty";
  readonly text: string;
}

const LINE_BYTES = 16;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes as text when they are UTF-8 without control characters, else, or when asked for, as a hex dump. JSON is indented when asked for.
 *
 * @param isCut the bytes are the beginning of a longer payload, so the last character may lack its end.
 */
export function viewPayload(bytes: Uint8Array, form: PayloadForm, isCut: boolean): PayloadView {
  if (bytes.length === 0) return { kind: "empty", text: "" };
  const text = form === "hex" ? undefined : asText(isCut ? withoutHalfCharacter(bytes) : bytes);
  return text === undefined
    ? { kind: "hex", text: hexDump(bytes) }
    : { kind: "text", text: visibleText((form === "json" ? prettyJson(text) : undefined) ?? text) };
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return /[\u0000-\u0008\u000e-\u001f\u007f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** A character of UTF-8 has up to four bytes, of which all but the first begin with the bits 10. */
function withoutHalfCharacter(bytes: Uint8Array): Uint8Array {
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && start > 0 && (bytes[start]! & 0xc0) === 0x80) start--;
  const first = bytes[start]!;
  const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return start + size > bytes.length ? bytes.subarray(0, start) : bytes;
}

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += LINE_BYTES) {
    const part = [...bytes.subarray(offset, offset + LINE_BYTES)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${offset.toString(16).padStart(4, "0")}  ${hex.padEnd(LINE_BYTES * 3 - 1)}  ${letters}`);
  }
  return lines.join("\n");
}
