import type { Logger } from "@bowline/broker";

/** A logger that remembers, and the fields of those of its lines that begin so. */
export function recordingLogger(): { logger: Logger; lines: (beginning: string) => object[] } {
  const seen: [message: string, fields: object][] = [];
  const note = (fields: object, message: string): void => void seen.push([message, fields]);
  const logger: Logger = { trace: note, debug: note, info: note, warn: note, error: note, child: () => logger };
  return { logger, lines: (beginning) => seen.filter(([message]) => message.startsWith(beginning)).map(([, fields]) => fields) };
}
