import type { MessagePrinter } from "./message-printer.ts";

/** Where lines are shown. */
export interface Screen {
  readonly rows: number;
}

/**
 * Shows the last message of each topic on a line of its own, which is written over when another comes. Topics for which there is no line
 * left share the last one. What a stranger sent must not steer the terminal, so that control characters are left out.
 */
export function watchPrinter(print: MessagePrinter, screen: Screen): MessagePrinter {
  const rows = new Map<string, number>();
  return (message) => {
    const beginning = rows.size === 0 ? "\u001b[2J" : "";
    // Terminals that do not tell their size have 24 lines.
    const last = Math.max(1, (screen.rows || 24) - 1);
    const row = rows.get(message.topicName) ?? Math.min(rows.size + 1, last);
    if (rows.size < last) rows.set(message.topicName, row);
    const text = Buffer.concat(print(message).map((piece) => Buffer.from(piece as string)))
      .toString("utf8")
      .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
    // Lines that are too long are cut and not wrapped, and the cursor waits below.
    return [`${beginning}\u001b[?7l\u001b[${row};1H\u001b[2K${text}\u001b[?7h\u001b[${rows.size + 1};1H`];
  };
}
