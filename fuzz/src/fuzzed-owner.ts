import type { MqttError, ProtocolVersion } from "@bowline/protocol";
import { type OutboundEntry, Sender, type SenderOwner } from "@bowline/protocol/internal";
import { PeerView } from "./peer-view.ts";
import type { Random } from "./random.ts";

/** Fixed header, Reason Code. */
const SHORTEST_DISCONNECT = 3;

/** A sink's fault, planted, so that it is told from one of the engine's own. */
export class PlantedError extends Error {}

/** The owner of a Sender whose storage keeps things now, or at a commit that comes when the dice say so. What it writes is watched. */
export class FuzzedOwner implements SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly view: PeerView = new PeerView(() => this.sender.version);
  committed = 0;
  isClosed = false;
  /** Why it ended; undefined also at a wish of either side. */
  error: MqttError | undefined;
  protected wasOpen = false;
  protected hasThrown = false;
  protected readonly random: Random;
  protected highestCommit = 0;
  protected now: number;

  constructor(random: Random, now: number) {
    this.random = random;
    this.now = now;
  }

  get version(): ProtocolVersion {
    return this.sender.version;
  }

  write(bytes: Uint8Array): boolean {
    this.view.bytes(bytes.slice());
    return true;
  }
  schedule(): void {}
  awaitCommit(): void {}
  entryMoved(_entry: OutboundEntry): number {
    return this.random.below(2) === 0 ? 0 : ++this.highestCommit;
  }
  entryDone(): void {}
  wallTime(): number {
    return this.now;
  }

  /** The connection is over: an exception of the engine's own, or an end on 5.0 that says nothing, is a finding. */
  protected over(error: MqttError | undefined): void {
    this.isClosed = true;
    this.error = error;
    this.sender.flush();
    const { findings, packets, maximumPacketSize } = this.view;
    if (error?.code === "INTERNAL" && !this.hasThrown) findings.push(`the engine threw: ${describeFault(error)}`);
    const last = packets.at(-1);
    const canSay = this.wasOpen && this.version === 5 && maximumPacketSize >= SHORTEST_DISCONNECT;
    if (error !== undefined && canSay && (last?.type !== 14 || last.reasonCode < 0x80)) {
      findings.push(`ended for ${error.code} without saying so`);
    }
  }
}

/** The exception behind an INTERNAL, which says where in the engine it came from. */
function describeFault(error: MqttError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
}
