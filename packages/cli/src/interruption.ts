/**
 * Ctrl-C and SIGTERM for a command: the signal aborts at the first one, and a second one ends the process at once with 130.
 * npm passes a Ctrl-C on to us although the terminal has sent it already, so what follows within 300 ms is the same one.
 */
export function interruption(onFirst: (name: NodeJS.Signals) => void): {
  readonly happened: () => boolean;
  readonly stop: () => void;
} {
  let firstAt = 0;
  const handle = (name: NodeJS.Signals): void => {
    if (firstAt === 0) {
      firstAt = performance.now();
      onFirst(name);
    } else if (performance.now() - firstAt > ECHO_MS) {
      process.exit(130);
    }
  };
  process.on("SIGINT", handle).on("SIGTERM", handle);
  return {
    happened: () => firstAt !== 0,
    stop: () => void process.off("SIGINT", handle).off("SIGTERM", handle),
  };
}

const ECHO_MS = 300;
