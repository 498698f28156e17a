import type { Packet, ProtocolVersion } from "@bowline/protocol";
import type { ErrorFacts, WebSocketFacts } from "@bowline/protocol/internal";
import type { AttemptLog } from "../run-log.ts";
import { packetText } from "./packet-text.ts";
import type { Talk } from "./talk.ts";

/** A conversation of which every packet is written down. */
export class RecordedTalk implements Talk {
  private readonly talk: Talk;
  private readonly log: AttemptLog;

  constructor(talk: Talk, log: AttemptLog) {
    this.talk = talk;
    this.log = log;
  }

  get version(): ProtocolVersion {
    return this.talk.version;
  }
  get firstBytes(): Uint8Array {
    return this.talk.firstBytes;
  }
  get fault(): ErrorFacts | undefined {
    return this.talk.fault;
  }
  get webSocket(): WebSocketFacts {
    return this.talk.webSocket;
  }
  get closedBy(): "fin" | "reset" | undefined {
    return this.talk.closedBy;
  }
  get endError(): ErrorFacts | undefined {
    return this.talk.endError;
  }
  get isOver(): boolean {
    return this.talk.isOver;
  }

  send(packet: Packet): void {
    this.log("sends", packetText(packet));
    this.talk.send(packet);
  }

  async next(ms: number): Promise<Packet | undefined> {
    const packet = await this.talk.next(ms);
    if (packet !== undefined) this.log("receives", packetText(packet));
    return packet;
  }

  destroy(): void {
    this.talk.destroy();
  }
}
