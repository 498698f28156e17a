import { chooseProtocol, optionsOfUrl } from "./address.ts";
import { MqttClient } from "./mqtt-client.ts";
import type { IClientOptions } from "./options.ts";

/**
 * Makes a client that connects and stays connected, with the interface of MQTT.js. Answers at once.
 *
 * @param brokerUrl mqtt, mqtts (tcp, ssl, tls), ws, wss or mqtt+unix URL; in a page also a path of its own origin.
 * @throws Error for a missing protocol, MqttError URL_INVALID or SCHEME_UNKNOWN
 * @example
 * const client = connect("mqtt://localhost");
 * client.on("connect", () => client.publish("presence", "Hello mqtt"));
 * @public
 */
export function connect(brokerUrl: string, opts?: IClientOptions): MqttClient;
export function connect(opts: IClientOptions): MqttClient;
export function connect(brokerUrl: string | IClientOptions, opts: IClientOptions = {}): MqttClient {
  // Of a URL object nothing can be spread: without its text it would stand for this machine.
  const address = (brokerUrl as { readonly href?: string } | undefined)?.href ?? brokerUrl;
  const isUrl = typeof address === "string" && address !== "";
  const given: IClientOptions = { ...(isUrl ? optionsOfUrl(address) : (address as IClientOptions)), ...opts };
  // As in MQTT.js the one in the address wins.
  const clientId = given.query?.["clientId"];
  const [username, ...password] = given.auth?.split(":") ?? [];
  // A URL's protocol may be taken away by the options; options alone have a default.
  if (isUrl && !given.protocol) throw new Error("Missing protocol");
  const protocol = chooseProtocol(given);
  const options: IClientOptions = {
    defaultProtocol: protocol,
    ...given,
    ...(typeof clientId === "string" ? { clientId } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password.length === 0 ? {} : { password: password.join(":") }),
    protocol,
  };
  return new MqttClient(undefined, options);
}

/**
 * As `connect`, but resolves at the first CONNACK (or end), and rejects and ends the client at the first failure.
 *
 * @param allowRetries false ends the client at the first `close` too. Default true.
 * @public
 */
export function connectAsync(brokerUrl: string, opts?: IClientOptions, allowRetries?: boolean): Promise<MqttClient>;
export function connectAsync(opts: IClientOptions): Promise<MqttClient>;
export function connectAsync(
  brokerUrl: string | IClientOptions,
  opts: IClientOptions = {},
  allowRetries = true,
): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    const client = connect(brokerUrl as string, opts);
    const settle = (): void => {
      client.off("connect", succeed).off("end", succeed).off("error", fail).off("close", closed);
    };
    const succeed = (): void => {
      settle();
      resolve(client);
    };
    const fail = (error: Error): void => {
      settle();
      client.end();
      reject(error);
    };
    const closed = (): void => fail(new Error("Couldn't connect to server"));
    client.on("connect", succeed).on("end", succeed).on("error", fail);
    if (!allowRetries) client.on("close", closed);
  });
}
