import type { IClientOptions } from "./options.ts";
import type { Packet } from "./packets.ts";
import type { SharedRecords, Tell } from "./shared-records.ts";
import type { IStore, PacketStream } from "./store.ts";

/** The two stores of a client that is `reliable`. */
export interface ReliableStores {
  readonly outgoing: IStore;
  readonly incoming: IStore;
}

/** For one client of one server: messages for one must never go to another. */
export function nameOfStore({ clientId = "", servers, hostname, host, port }: IClientOptions): string {
  const server = servers?.[0] ?? { host: hostname ?? host ?? "localhost", port };
  return `mqttjs-${encodeURIComponent(`${clientId}@${server.host}:${server.port}`).replaceAll("*", "%2A")}`;
}

/** What is behind them is loaded and opened at their first use, by those who use them. */
export function reliableStores(name: string): ReliableStores {
  let opening: Promise<SharedRecords> | undefined;
  const records = (): Promise<SharedRecords> => {
    opening ??= import("./shared-records.ts").then((loaded) => new loaded.SharedRecords(name));
    return opening;
  };
  return { outgoing: storeOn(records, "o"), incoming: storeOn(records, "i") };
}

/** One of the stores, by the first letter of its records. */
function storeOn(records: () => Promise<SharedRecords>, prefix: string): IStore {
  const passedOn =
    (method: "put" | "get" | "del") =>
    (packet: Packet, cb: Tell): IStore => {
      records().then((all) => all[method](prefix, packet, cb), cb);
      return store;
    };
  const store: IStore = {
    put: passedOn("put"),
    get: passedOn("get"),
    del: passedOn("del"),
    createStream: () => {
      const packets = async function* () {
        yield* await (await records()).packets(prefix);
      };
      // Nobody but the client reads it, who iterates.
      return { [Symbol.asyncIterator]: packets } as unknown as PacketStream;
    },
    close: (cb) => {
      records().then((all) => all.close(prefix, cb), cb);
    },
  };
  return store;
}
