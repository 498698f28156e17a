import type { IClientOptions } from "./options.ts";
import type { IStore, PacketStream } from "./store.ts";
import type { SharedRecords } from "./shared-records.ts";

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
  const store: IStore = {
    put: (packet, cb) => {
      records().then((all) => all.put(prefix, packet, cb), cb);
      return store;
    },
    get: ({ messageId = 0 }, cb) => {
      records().then((all) => all.get(prefix, messageId, cb), cb);
      return store;
    },
    del: ({ messageId = 0 }, cb) => {
      records().then((all) => all.del(prefix, messageId, cb), cb);
      return store;
    },
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
