import { MqttError } from "@bowline/protocol";
import type { PageFacts, WebSocketFacts } from "@bowline/protocol/internal";
import {
  keepFirstBytes,
  subprotocolOf,
  type Target,
  type Transport,
  type TransportFacts,
  type TransportHandler,
} from "../transport/transport.ts";

/**
 * Dials ws and wss targets with the standard WebSocket. A page learns nothing of a handshake that fails but the time it took,
 * so the facts hold what else it can see.
 */
export function dialBrowserWebSocket(
  target: Target,
  handler: TransportHandler,
  open: (url: string, subprotocol: string) => WebSocket = openStandard,
): Transport {
  if (open === openStandard) warnOfUnusable(target);
  const transport = new BrowserTransport(handler);
  try {
    transport.attach(target, open);
  } catch (error) {
    queueMicrotask(() => transport.finish(error as Error));
  }
  return transport;
}

class BrowserTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started", page: pageFacts() };
  private socket: WebSocket | undefined;
  private isClosed = false;
  private drainTimer: ReturnType<typeof setTimeout> | undefined;
  /** Chunks that came while paused: a WebSocket cannot be told to stop. */
  private held: Uint8Array[] | undefined;

  constructor(handler: TransportHandler) {
    this.handler = handler;
  }

  attach(target: Target, open: (url: string, subprotocol: string) => WebSocket): void {
    if (target.scheme !== "ws" && target.scheme !== "wss") throw new MqttError("SCHEME_BROWSER", { detail: target.scheme });
    globalThis.document?.addEventListener("securitypolicyviolation", this.onViolation);
    const socket = open(target.url, subprotocolOf(target));
    this.socket = socket;
    this.note({ everOpened: false, offered: [subprotocolOf(target)] });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.facts.milestone = "upgraded";
      this.note({ everOpened: true, chosen: socket.protocol });
      this.handler.opened();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = ({ code, reason, wasClean }) => {
      this.note({ closeCode: code, closeReason: reason, wasClean });
      this.finish(undefined);
    };
    // Chromium sends no close event when a content security policy forbids the address; everywhere else close follows at once.
    socket.onerror = () => setTimeout(() => socket.readyState === 3 && this.finish(undefined), 100);
  }

  private note(facts: Partial<WebSocketFacts>): void {
    this.facts.ws = { ...this.facts.ws, ...facts };
  }

  private readonly onViolation = ({ blockedURI, effectiveDirective: directive }: SecurityPolicyViolationEvent): void => {
    // Evidence is redacted where it is quoted.
    if (blockedURI.startsWith("ws")) this.facts.page = { ...this.facts.page, cspViolation: { directive, blockedUri: blockedURI } };
  };

  get bufferedBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (socket?.readyState !== 1) return true;
    // `send` copies before it returns.
    socket.send(bytes as Uint8Array<ArrayBuffer>);
    if (this.drainTimer === undefined) this.watchDrain(socket);
    return true;
  }

  pause(): void {
    this.held ??= [];
  }

  resume(): void {
    const { held } = this;
    this.held = undefined;
    for (const chunk of held ?? []) this.deliver(chunk);
  }

  end(): void {
    this.socket?.close(1000);
  }

  /** A page cannot cut a socket; it can stop listening and ask for the close at once, and the owner sets the time limit. */
  destroy(): void {
    const { socket } = this;
    if (socket === undefined) return;
    socket.onmessage = null;
    socket.close();
  }

  /** Tells `closed`, once. */
  finish(cause: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.drainTimer);
    globalThis.document?.removeEventListener("securitypolicyviolation", this.onViolation);
    const { socket } = this;
    if (socket !== undefined) socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    this.handler.closed(cause);
  }

  private receive(data: unknown): void {
    if (data instanceof ArrayBuffer) this.deliver(new Uint8Array(data));
    else {
      // [MQTT-6.0.0-1]: data frames that are not binary close the connection.
      this.note({ gotTextFrame: true });
      this.end();
    }
  }

  private deliver(chunk: Uint8Array): void {
    if (this.held !== undefined) this.held.push(chunk);
    else if (!this.isClosed) {
      if (this.facts.firstBytes === undefined) keepFirstBytes(this.facts, chunk);
      this.handler.data(chunk);
    }
  }

  /** There is no event for a drained WebSocket. */
  private watchDrain(socket: WebSocket): void {
    if (socket.bufferedAmount === 0) {
      this.drainTimer = undefined;
      this.handler.drained();
    } else {
      this.drainTimer = setTimeout(() => this.watchDrain(socket), 20);
    }
  }
}

function openStandard(url: string, subprotocol: string): WebSocket {
  return new WebSocket(url, subprotocol);
}

function pageFacts(): PageFacts {
  const { location, navigator } = globalThis as unknown as Partial<Window>;
  return { protocol: location?.protocol, isOnline: navigator?.onLine } as PageFacts;
}

let hasWarned = false;

/** One warning for a page whose author expects an option to matter which no page can set. */
function warnOfUnusable({ tls, headers, hostOptions }: Target): void {
  if (hasWarned) return;
  const named = Object.keys({ ...tls, ...hostOptions }).filter((name) => /^(ca|cert|key|pfx|rejectUnauthorized)$/.test(name));
  if (Object.keys(headers).length > 0) named.push("headers");
  if (named.length === 0) return;
  hasWarned = true;
  // oxlint-disable-next-line no-console -- A page has nowhere else to say that an option has no effect.
  console.warn(`bowline: a page cannot set ${named.join(", ")}; the browser decides`);
}
