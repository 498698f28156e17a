import { formatFault } from "./format-fault.ts";

/** A record of a CSV file (RFC 4180) and the line it begins on, counted from 1. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
}

/**
 * Records of a CSV text; empty lines are none. A byte order mark is skipped.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseCsv(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  field.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  let line = 1;
  let begin = 1;
  let fields: string[] = [];
  while (field.lastIndex < text.length || fields.length > 0) {
    const found = field.exec(text);
    if (found === null) throw formatFault(file, line, 'a " stands where none may, or the closing one is missing');
    const [whole, value = "", end = ""] = found;
    fields.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    line += whole.split("\n").length - 1;
    if (end === ",") continue;
    if (fields.length > 1 || fields[0] !== "") records.push({ fields, line: begin });
    fields = [];
    begin = line;
    if (end === "") break;
  }
  return records;
}

/** CSV with a line feed behind each record. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(quoted).join(",")}\n`).join("");
}
