import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { UnacknowledgedCount } from "./unacknowledged-count.ts";

export interface ChaosOptions {
  /** Host and port of the broker. */
  readonly target: { readonly host: string; readonly port: number };
  readonly random: () => number;
  /** Each connection lives uniformly from 0 to twice as long. */
  readonly meanLifeMs: number;
}

/** A connection that nothing flows over is cut so long after its time, since there is no byte to cut it at. */
const IDLE_CUT_MS = 15;
/** A peer that does not answer the end of the stream is cut. */
const GOODBYE_MS = 100;

/**
 * Passes bytes on until each connection's time has come, and then cuts it: at a random byte of the next chunk in a random
 * direction, half by a reset and half by an end of the stream.
 */
export class ChaosProxy {
  /** Connections that were cut, the idle ones among them. */
  cuts = 0;
  /** Of the connections cut: messages that the receiver had whole, and whose acknowledgement the sender had not. */
  unacknowledged = 0;
  /** Most messages of the client that were open at once on a connection. */
  mostOpen = 0;
  private readonly options: ChaosOptions;
  private readonly server: Server;
  private readonly links = new Set<CutLink>();
  private isCalm = false;

  private constructor(options: ChaosOptions) {
    this.options = options;
    this.server = createServer({ noDelay: true }, (client) => this.pass(client));
  }

  static async start(options: ChaosOptions): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(options);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Connections that stand are no longer cut, nor are new ones. */
  calm(): void {
    this.isCalm = true;
    for (const link of this.links) link.spare();
  }

  async close(): Promise<void> {
    this.server.close();
    for (const link of this.links) link.destroy();
    await once(this.server, "close");
  }

  private pass(client: Socket): void {
    const { target, random, meanLifeMs } = this.options;
    const link = new CutLink(client, connect({ ...target, noDelay: true }), random, (isCut) => {
      this.links.delete(link);
      this.mostOpen = Math.max(this.mostOpen, link.count.mostOpen);
      if (!isCut) return;
      this.cuts++;
      this.unacknowledged += link.count.doubled;
    });
    this.links.add(link);
    if (!this.isCalm) link.live(random() * 2 * meanLifeMs);
  }
}

/** One connection through the proxy. */
class CutLink {
  readonly count = new UnacknowledgedCount();
  private readonly ends: readonly [client: Socket, server: Socket];
  private readonly random: () => number;
  private readonly onEnd: (isCut: boolean) => void;
  private timer: NodeJS.Timeout | undefined;
  /** The direction in which the next chunk is cut. */
  private doomed: 0 | 1 | undefined;
  private isOver = false;

  constructor(client: Socket, server: Socket, random: () => number, onEnd: (isCut: boolean) => void) {
    this.ends = [client, server];
    this.random = random;
    this.onEnd = onEnd;
    for (const from of [0, 1] as const) {
      this.ends[from]
        .on("data", (chunk) => this.forward(from, chunk))
        .on("error", () => this.destroy())
        .on("end", () => this.other(from).end())
        .on("close", () => this.destroy());
    }
  }

  live(lifeMs: number): void {
    this.timer = setTimeout(() => {
      this.doomed = this.random() < 0.5 ? 0 : 1;
      this.timer = setTimeout(() => this.cut(), IDLE_CUT_MS);
    }, lifeMs);
  }

  spare(): void {
    clearTimeout(this.timer);
    this.doomed = undefined;
  }

  destroy(): void {
    if (!this.end(false)) return;
    for (const end of this.ends) end.destroy();
  }

  private other(end: 0 | 1): Socket {
    return this.ends[end === 0 ? 1 : 0];
  }

  private forward(from: 0 | 1, chunk: Buffer): void {
    if (this.isOver) return;
    if (this.doomed !== from) {
      this.count.passed(from, chunk);
      this.other(from).write(chunk);
      return;
    }
    const part = chunk.subarray(0, Math.floor(this.random() * (chunk.length + 1)));
    this.count.passed(from, part);
    if (part.length > 0) this.other(from).write(part);
    this.cut();
  }

  private cut(): void {
    if (!this.end(true)) return;
    const isReset = this.random() < 0.5;
    for (const end of this.ends) {
      if (isReset) end.resetAndDestroy();
      else {
        end.end();
        setTimeout(() => end.destroy(), GOODBYE_MS);
      }
    }
  }

  private end(isCut: boolean): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clearTimeout(this.timer);
    this.onEnd(isCut);
    return true;
  }
}
