import { fileStore, indexedDbStore, type SessionStore } from "@bowline/client";
import { platform } from "@bowline/client/internal";
import type { Packet } from "./packets.ts";

export type Tell = (error?: Error, packet?: Packet) => void;
type Identified = Pick<Packet, "messageId">;

/** A packet with its place in the order in which packets came. */
interface Kept {
  readonly order: number;
  readonly packet: Packet;
}

/**
 * The packets of both stores of one client in one `SessionStore`: a folder in Node, an IndexedDB database in a page. Changes
 * gather while a group is written, and each is told when its group is.
 */
export class SharedRecords {
  private readonly store: SessionStore;
  private readonly all = new Map<string, Kept>();
  private readonly opened: Promise<void>;
  private readonly users = new Set(["o", "i"]);
  private changes = new Map<string, Uint8Array | undefined>();
  private waiting: ((error?: Error) => void)[] = [];
  private writing: Promise<void> | undefined;
  private lastOrder = 0;

  constructor(name: string) {
    this.store = platform.onlyWebSockets ? indexedDbStore(name) : fileStore(`.bowline-sessions/${name}`);
    this.opened = this.open();
    // Whoever asks for packets is told.
    this.opened.catch(() => undefined);
  }

  async packets(prefix: string): Promise<Packet[]> {
    await this.opened;
    const own = [...this.all].filter(([key]) => key.startsWith(prefix)).map(([, kept]) => kept);
    return own.sort((a, b) => a.order - b.order).map(({ packet }) => packet);
  }

  put(prefix: string, packet: Packet, tell: Tell): void {
    const key = `${prefix}${packet.messageId ?? 0}`;
    // A PUBREL takes the place of its message.
    const kept = { order: this.all.get(key)?.order ?? ++this.lastOrder, packet };
    this.all.set(key, kept);
    this.change(key, encode(kept), tell);
  }

  get(prefix: string, { messageId = 0 }: Identified, tell: Tell): void {
    const found = this.all.get(`${prefix}${messageId}`);
    if (found === undefined) tell(new Error("missing packet"));
    else tell(undefined, found.packet);
  }

  del(prefix: string, { messageId = 0 }: Identified, tell: Tell): void {
    const key = `${prefix}${messageId}`;
    const found = this.all.get(key);
    if (found === undefined) {
      tell(new Error("missing packet"));
      return;
    }
    this.all.delete(key);
    this.change(key, undefined, (error) => tell(error, found.packet));
  }

  /** The last of both stores closes what is behind them. */
  close(prefix: string, tell: Tell): void {
    this.users.delete(prefix);
    if (this.users.size > 0) tell();
    else
      this.closeStore().then(
        () => tell(),
        (error: Error) => tell(error),
      );
  }

  private async closeStore(): Promise<void> {
    await this.opened.catch(() => undefined);
    await this.writing;
    await this.store.close();
  }

  private async open(): Promise<void> {
    for (const [key, value] of await this.store.open()) {
      const kept = decode(value);
      this.lastOrder = Math.max(this.lastOrder, kept.order);
      this.all.set(key, kept);
    }
  }

  private change(key: string, value: Uint8Array | undefined, tell: (error?: Error) => void): void {
    this.changes.set(key, value);
    this.waiting.push(tell);
    this.writing ??= this.write();
  }

  private async write(): Promise<void> {
    try {
      while (this.waiting.length > 0) await this.writeGroup();
    } finally {
      this.writing = undefined;
    }
  }

  private async writeGroup(): Promise<void> {
    const ready = this.opened.then(() => {
      // What came while the store was opened belongs to this group.
      const { changes, waiting } = this;
      this.changes = new Map();
      this.waiting = [];
      return { changes: [...changes], waiting };
    });
    const { changes, waiting } = await ready.catch((error: Error) => {
      for (const tell of this.waiting.splice(0)) tell(error);
      this.changes.clear();
      return { changes: [], waiting: [] };
    });
    if (waiting.length === 0) return;
    const error = await this.store.write(changes).then(
      () => undefined,
      (cause: Error) => cause,
    );
    for (const tell of waiting) tell(error);
  }
}

/** The payload's bytes stand behind the rest of the packet as JSON, before which its length stands in 4 bytes. */
function encode({ order, packet }: Kept): Uint8Array {
  const { payload = "", ...rest } = packet as Packet & { payload?: string | Uint8Array };
  const { correlationData, ...properties } = (rest as { properties?: { correlationData?: Uint8Array } }).properties ?? {};
  const head = { ...rest, order, properties: { ...properties, ...(correlationData && { correlationData: [...correlationData] }) } };
  const header = new TextEncoder().encode(JSON.stringify(head));
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const bytes = new Uint8Array(4 + header.length + body.length);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, 4);
  bytes.set(body, 4 + header.length);
  return bytes;
}

function decode(bytes: Uint8Array): Kept {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const { order, properties, ...rest } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))) as Record<string, unknown> & {
    order: number;
    properties: { correlationData?: number[] };
  };
  const { correlationData, ...others } = properties;
  const all = { ...others, ...(correlationData && { correlationData: Uint8Array.from(correlationData) }) };
  const hasProperties = Object.keys(all).length > 0;
  const isPublish = rest["cmd"] === "publish";
  const packet = { ...rest, ...(hasProperties && { properties: all }), ...(isPublish && { payload: bytes.slice(end) }) };
  return { order, packet: packet as unknown as Packet };
}
