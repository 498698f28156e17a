import { ClientCore } from "./client-core.ts";
import type { Client } from "./client.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Makes a client that connects, stays connected, and lets go when it is told. Answers at once; works offline.
 *
 * @param url mqtt, mqtts, ws, wss or unix URL; in a page also a path of its own origin, for example "/mqtt".
 * @throws MqttError URL_INVALID, SCHEME_UNKNOWN, OPTION_INVALID; all else comes by events.
 * @example
 * const client = connect("mqtts://broker.example.com", { credentials: { username: "u", password: "p" } });
 * await client.publish("a/b", "hello", { qos: 1 });
 * await client.close();
 * @public
 */
export function connect(url: string, options: ConnectOptions = {}): Client {
  return new ClientCore(url, options);
}
