import type { lookup } from "node:dns";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { platform, type Transport } from "@bowline/client/internal";
import type { ConnectionStage, ConnectionTimes } from "./connection-times.ts";
import type { ServerPlace } from "./load-server.ts";
import type { WirePlan } from "./wire-plan.ts";
import { Intake, type ReadBuffer } from "./read-buffer.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Bytes that a transport may hold before its writer has to wait. */
const MOST_BUFFERED = 1_048_576;

/** TLS, WebSockets and what goes through a proxy, by the client's own transports. What was read is copied to where plain TCP reads to. */
export class TransportWire implements Wire {
  private readonly transport: Transport;
  private readonly input: ReadBuffer;
  private readonly intake: Intake;
  private readonly owner: WireOwner;
  private readonly times: ConnectionTimes | undefined;
  private isOpen = false;
  private isBlocked = false;
  private isOver = false;
  private gone: (() => void) | undefined;

  constructor({ target, address, localAddress, hello, input, owner, times }: WirePlan) {
    this.input = input;
    this.owner = owner;
    this.times = times;
    this.intake = new Intake(input, owner);
    const socket = {
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(target.proxy === undefined ? { lookup: lookupOf(address) } : {}),
    };
    platform.prepare();
    const hostOptions = { secureContext: contextOf(target) };
    this.transport = platform.dial(
      { ...target, socket, hostOptions },
      {
        opened: () => {
          this.isOpen = true;
          times?.mark("open");
          this.transport.write(hello);
        },
        data: (chunk) => this.take(chunk),
        drained: () => this.drained(),
        closed: (cause) => {
          this.gone?.();
          this.fail(cause?.message ?? "closed by the broker");
        },
      },
    );
  }

  write(bytes: Uint8Array): boolean {
    if (this.isOver || !this.isOpen) return true;
    const isTaken = this.transport.write(bytes) && this.transport.bufferedBytes < MOST_BUFFERED;
    if (!isTaken) this.isBlocked = true;
    return isTaken;
  }

  cork(): void {
    // The transports gather small writes themselves, or cannot.
  }

  uncork(): boolean {
    return !this.isBlocked;
  }

  mark(stage: ConnectionStage): void {
    this.times?.mark(stage);
  }

  leave(bytes: Uint8Array, gone?: () => void): void {
    this.isOver = true;
    this.gone = gone;
    this.transport.write(bytes);
    this.transport.end();
  }

  close(): void {
    this.isOver = true;
    this.transport.destroy();
  }

  fail(reason: string): void {
    if (this.isOver) return;
    this.close();
    this.owner.closed(reason);
  }

  private take(chunk: Uint8Array): void {
    const { region } = this.input;
    for (let at = 0; at < chunk.length && !this.isOver; at += region.length) {
      const size = Math.min(region.length, chunk.length - at);
      region.set(size === chunk.length ? chunk : chunk.subarray(at, at + size));
      if (!this.intake.take(size)) this.fail("a packet that is larger than any of this run");
    }
  }

  private drained(): void {
    if (!this.isBlocked || this.isOver) return;
    this.isBlocked = false;
    this.owner.drained();
  }
}

const contexts = new WeakMap<object, SecureContext>();

/** Made once for all connections of a thread: reading an authority takes as long as a handshake. A shared key needs none. */
function contextOf({ tls, scheme }: ServerPlace["target"]): SecureContext | undefined {
  if ((scheme !== "mqtts" && scheme !== "wss") || tls.psk !== undefined) return undefined;
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const { ca, cert, key, pfx, passphrase, minVersion, maxVersion, ciphers, sigalgs, ecdhCurve } = tls;
  const settings = { ca, cert, key, pfx, passphrase, minVersion, maxVersion, ciphers, sigalgs, ecdhCurve };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const context = createSecureContext({ minVersion: "TLSv1.2", ...(Object.fromEntries(given) as SecureContextOptions) });
  contexts.set(tls, context);
  return context;
}

/** Finds that address whatever it is asked for. */
function lookupOf(address: string): typeof lookup {
  const found = { address, family: isIP(address) };
  const find = (_host: string, options: { all?: boolean }, callback: (...answer: unknown[]) => void): void => {
    process.nextTick(() => (options.all === true ? callback(null, [found]) : callback(null, found.address, found.family)));
  };
  return find as unknown as typeof lookup;
}
