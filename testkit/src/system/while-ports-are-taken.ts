import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 10;
const PAUSE_MS = 200;

/**
 * Starts a program again that wants the port it had. The system gives a port that nobody listens at to any connection that is made
 * meanwhile, on a busy machine once in some thousand restarts; then this waits until it is free. Every other failure is told at once.
 */
export async function whilePortsAreTaken(start: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- One attempt after the other.
      return await start();
    } catch (error) {
      const text = String(error);
      if (attempt === ATTEMPTS || !/PORT_IN_USE|Address already in use/.test(text)) throw error;
      process.stderr.write(`start ${attempt} of ${ATTEMPTS}: ${text}\n`);
      // oxlint-disable-next-line no-await-in-loop -- One attempt after the other.
      await sleep(PAUSE_MS);
    }
  }
}
