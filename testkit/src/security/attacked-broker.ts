import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerConfigInput } from "@bowline/broker";
import { BowlineProcess } from "../system/bowline-process.ts";
import { Friend } from "./friend.ts";
import type { LinkKind } from "./link.ts";

const SCHEMES: Readonly<Record<LinkKind, string>> = { tcp: "mqtt:", tls: "mqtts:", ws: "ws:", wss: "wss:" };
/** What comes back may take a while, and what grew for good does not. */
const MEMORY_PATIENCE_MS = 30_000;

/** The real `bowline` in a process of its own, with a listener of each kind, anonymous clients, and a store on the disk. */
export class AttackedBroker {
  readonly process: BowlineProcess;
  readonly ca: Buffer;
  private readonly folder: string;

  private constructor(broker: BowlineProcess, ca: Buffer, folder: string) {
    this.process = broker;
    this.ca = ca;
    this.folder = folder;
  }

  static async start(config: BrokerConfigInput = {}, ...args: string[]): Promise<AttackedBroker> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-attacked-"));
    const file = join(folder, "bowline.json");
    await writeFile(file, JSON.stringify({ anonymous: true, ...config }));
    const listen = ["mqtt://127.0.0.1:0", "mqtts://localhost:0", "ws://127.0.0.1:0/mqtt", "wss://localhost:0/mqtt"];
    const listeners = listen.flatMap((url) => ["--listen", url]);
    const broker = await BowlineProcess.start(
      "--config",
      file,
      "--log-format",
      "json",
      ...listeners,
      ...(args.length > 0 ? args : ["--no-console"]),
    );
    return new AttackedBroker(broker, await broker.ca(), folder);
  }

  url(kind: LinkKind): string {
    return this.process.urls.find((url) => url.startsWith(SCHEMES[kind]))!;
  }

  port(kind: LinkKind): number {
    return Number(new URL(this.url(kind).replace(/^\w+/, "http")).port);
  }

  /** What its log calls errors: a peer that breaks the rules is none. */
  get faults(): readonly string[] {
    return this.process.log.split("\n").filter((line) => /^\{"level":"(error|fatal)"/.test(line));
  }

  /** Bytes of anonymous memory: the store's pages are the system's. */
  get ownBytes(): number {
    const [, kilobytes = "0"] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.process.pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** Whether memory is below that, now or after a while; answers the bytes that it holds then. */
  async ownBytesBelow(bound: number): Promise<number> {
    const end = performance.now() + MEMORY_PATIENCE_MS;
    let held = this.ownBytes;
    // Something must happen in the broker for it to collect garbage: an empty event loop does nothing.
    for (; held > bound && performance.now() < end; held = this.ownBytes) await this.process.connections();
    return held;
  }

  /** A user who is known, over TLS. */
  async friend(): Promise<Friend> {
    return Friend.come(this.url("tls"), { credentials: await this.process.user(), tls: { ca: this.ca } });
  }

  /** Ends it in order; answers its exit code. */
  async stop(): Promise<number | string> {
    const code = await this.process.stop();
    await this.remove();
    return code;
  }

  async remove(): Promise<void> {
    await this.process.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
