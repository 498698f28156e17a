import { connect, type Socket } from "node:net";
import { type ErrorFacts, errorFactsOf } from "@bowline/protocol/internal";

/** One address of a port: a connection, an error, or neither in time. */
export interface Dialled {
  readonly address: string;
  readonly socket?: Socket;
  readonly error?: ErrorFacts;
  readonly ms: number;
}

/** P2: connects to one address, so that Node's race between families hides nothing. */
export function dial(address: string, port: number, ms: number): Promise<Dialled> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const done = (more: Partial<Dialled>): void => {
      clearTimeout(timer);
      resolve({ address, ms: performance.now() - startedAt, ...more });
    };
    const socket = address.startsWith("/") ? connect({ path: address }) : connect({ host: address, port, autoSelectFamily: false });
    const timer = setTimeout(() => {
      socket.destroy();
      done({});
    }, ms);
    socket.setNoDelay(true);
    socket.once("connect", () => done({ socket }));
    socket.on("error", (error) => {
      const [facts = {}] = errorFactsOf(error);
      done({ error: facts });
    });
  });
}
