import { MqttError } from "@bowline/protocol";
import type { Accept } from "../listeners/arrival.ts";
import type { FrontEvent } from "../listeners/front-event.ts";
import type { RequestHandler } from "../listeners/http-front.ts";
import { type ListenUrl, parseListenUrl, type TcpListenUrl } from "../listeners/listen-url.ts";
import { type Listener, openListener } from "../listeners/listener.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { defaultLimits } from "../connection/broker-limits.ts";
import type { Logger } from "../log/logger.ts";
import type { CloseStack } from "./close-stack.ts";
import type { ServerTls } from "./server-tls.ts";
import { trustedProxies } from "./trusted-proxies.ts";

/** The listeners a configuration asks for, read before anything is opened. */
export interface ListenPlan {
  urls: readonly ListenUrl[];
  /** The console's, which is a wss listener that also answers HTTP requests. */
  console: TcpListenUrl | undefined;
  needsTls: boolean;
}

/** @throws MqttError LISTEN_URL_INVALID, PLAINTEXT_OFF_LOOPBACK */
export function planListeners(config: BrokerConfig): ListenPlan {
  const urls = config.listen.map((url) => parseListenUrl(url, { allowPlaintext: config.allowPlaintext }));
  const consoleUrl = config.console === false ? undefined : parseConsoleUrl(config.console);
  const isTls = (url: ListenUrl): boolean => url.scheme === "mqtts" || url.scheme === "wss";
  return { urls, console: consoleUrl, needsTls: consoleUrl !== undefined || urls.some(isTls) };
}

const CONSOLE_PORT = 18_084;
/** A WebSocket message may hold the largest packet and some small ones beside it. */
const FRAMING_SLACK = 65_536;

/** The console's WebSocket and admin API share its origin, so its URL is that of a wss listener in other words. */
function parseConsoleUrl(text: string): TcpListenUrl {
  const rest = /^https:\/\/([^/?#]+)\/?$/.exec(text)?.[1];
  if (rest === undefined)
    throw new MqttError("LISTEN_URL_INVALID", { detail: `console "${text}": write it as https://localhost:${CONSOLE_PORT}` });
  const url = parseListenUrl(`wss://${/:\d+$/.test(rest) ? rest : `${rest}:${CONSOLE_PORT}`}`) as TcpListenUrl;
  return url;
}

export interface ListenContext {
  config: BrokerConfig;
  tls: ServerTls | undefined;
  accept: Accept;
  /** Answers the console's HTTP requests. */
  consoleHandler: RequestHandler;
  logger: Logger;
  closers: CloseStack;
}

export interface OpenListeners {
  mqtt: readonly Listener[];
  console: Listener | undefined;
}

/**
 * Opens all listeners, or none.
 *
 * @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED, CONFIG_INVALID
 */
export async function openListeners(plan: ListenPlan, context: ListenContext): Promise<OpenListeners> {
  const proxies = context.config.proxyProtocol ? trustedProxies(context.config.trustedProxies) : undefined;
  const open = async (url: ListenUrl, requestHandler?: RequestHandler): Promise<Listener> => {
    const listener = await openListener({
      url,
      accept: context.accept,
      requireSni: context.config.tls.requireSni,
      maxMessageBytes: defaultLimits.maximumPacketSize + FRAMING_SLACK,
      ...(context.tls === undefined ? {} : { tenants: context.tls.tenants }),
      ...(proxies === undefined ? {} : { trustedProxies: proxies }),
      ...(requestHandler === undefined ? {} : { requestHandler }),
      onEvent: (event) => logFrontEvent(context.logger, event),
    });
    context.closers.push(() => listener.close({ graceMs: 200 }));
    return listener;
  };
  const mqtt: Listener[] = [];
  for (const url of plan.urls) mqtt.push(await open(url));
  return { mqtt, console: plan.console === undefined ? undefined : await open(plan.console, context.consoleHandler) };
}

/** Strangers knock all day at a public port: only what means trouble of ours is more than talk. */
function logFrontEvent(logger: Logger, event: FrontEvent): void {
  const { cause, message, ...fields } = event;
  if (cause === "acceptFailed") logger.error({ cause, ...fields }, message);
  else logger.debug({ cause, message, ...fields }, "connection refused at the front");
}
