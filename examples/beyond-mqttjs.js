import mqtt from "@bowline/mqttjs";

/**
 * @param {string} url
 * @param {(signal: AbortSignal) => Promise<{ text: string, expiresAt: number }>} token
 */
export function start(url, token) {
  return mqtt.connect(url, {
    clientId: "kitchen-1",
    bowline: {
      credentials: async ({ attempt, lastFailure, signal }) => {
        if (attempt > 1) console.warn(attempt, lastFailure?.code);
        const { text, expiresAt } = await token(signal);
        return { username: "ann", password: text, expiresAt };
      },
      reconnect: {}, // growing, random delays and a give-up by class of refusal, in place of `reconnectPeriod`
      outbox: { maximumMessages: 10_000, whenFull: "wait" }, // or "drop-oldest"; default: 256 MiB, and what is more fails
      drainTimeoutMs: 2000,
      reliable: true, // with a `clientId`: a kept session, and QoS 1 and 2 survive the program, in a folder or in IndexedDB
    },
  });
}
