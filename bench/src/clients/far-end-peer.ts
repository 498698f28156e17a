import type { Socket } from "node:net";
import { encodeToBytes, OutBuffer } from "@bowline/protocol/internal";
import type { ClientRunOptions } from "./client-run-options.ts";
import { isPayloadOf, NUMBERS, numberedPayloads, PAYLOAD_SIZE, topicOf } from "./numbered-payloads.ts";

/** What the far end saw of one client. */
export interface FarEndResult {
  /** Messages that came, or that were sent and, with QoS 1 and 2, acknowledged. */
  readonly messages: number;
  /** Packets that are none of the run's: another topic, content, order, identifier or flag. */
  readonly faults: number;
  /** Reads from the socket: how well the client puts its packets together. */
  readonly reads: number;
}

/** Bytes that wait for the socket before it is asked to say when there is room. */
const HIGH_WATER = 262_144;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * The other end of one client's connection: takes and acknowledges what the client publishes, or sends it messages once it
 * subscribed. Every packet is checked, and acknowledgements must come in order.
 */
export class FarEndPeer {
  private readonly socket: Socket;
  private readonly options: ClientRunOptions;
  private readonly answers: OutBuffer = new OutBuffer();
  private tail: Buffer = EMPTY;
  private version: 4 | 5 = 4;
  private received = 0;
  private reads = 0;
  private faults = 0;
  private sent = 0;
  private acknowledged = 0;
  /** Identifiers whose PUBREC and whose last acknowledgement come next. */
  private nextRecorded = 1;
  private nextDone = 1;
  private isSending = false;
  /** All numbers one after the other, as packets; QoS 1 and 2 fill in the identifier. */
  private packets: Buffer = EMPTY;
  private packetSize = 0;
  private identifierAt = 0;

  constructor(socket: Socket, options: ClientRunOptions) {
    this.socket = socket;
    this.options = options;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("drain", () => this.pump());
    // A client that cuts its connection says enough by what is missing.
    socket.on("error", () => undefined);
  }

  get result(): FarEndResult {
    const isSender = this.options.direction === "receive";
    const done = this.options.qos === 0 ? this.sent : this.acknowledged;
    return { messages: isSender ? done : this.received, faults: this.faults, reads: this.reads };
  }

  private receive(chunk: Buffer): void {
    this.reads++;
    const bytes = this.tail.length === 0 ? chunk : Buffer.concat([this.tail, chunk]);
    let at = 0;
    while (bytes.length - at >= 2) {
      let length = bytes[at + 1]! & 0x7f;
      let body = at + 2;
      // Nothing that these clients send has a longer length than this.
      if (bytes[at + 1]! > 0x7f) {
        if (bytes.length - at < 3) break;
        length |= bytes[body++]! << 7;
      }
      if (body + length > bytes.length) break;
      this.packet(bytes, bytes[at]!, body, body + length);
      at = body + length;
    }
    this.tail = at === bytes.length ? EMPTY : bytes.subarray(at);
    this.pump();
  }

  private packet(bytes: Buffer, first: number, body: number, end: number): void {
    switch (first >>> 4) {
      case 1:
        this.connected(bytes[body + 6]!);
        return;
      case 3:
        this.message(bytes, first, body, end);
        return;
      case 4:
        this.completed(bytes.readUInt16BE(body), 1);
        return;
      case 5:
        this.recorded(bytes.readUInt16BE(body));
        return;
      case 6:
        this.answer(0x70, bytes.readUInt16BE(body));
        return;
      case 7:
        this.completed(bytes.readUInt16BE(body), 2);
        return;
      case 8:
        this.subscribed(bytes.readUInt16BE(body));
        return;
      case 12:
        this.socket.write(Buffer.from([0xd0, 0]));
        return;
      case 10:
        this.unsubscribed(bytes.readUInt16BE(body));
        return;
      case 14:
        return;
      default:
        this.faults++;
    }
  }

  private connected(level: number): void {
    this.version = level === 5 ? 5 : 4;
    this.socket.write(encodeToBytes({ type: 2, sessionPresent: false, reasonCode: 0 }, this.version));
  }

  private message(bytes: Buffer, first: number, body: number, end: number): void {
    const { qos } = this.options;
    const topicEnd = body + 2 + bytes.readUInt16BE(body);
    const identifierEnd = qos === 0 ? topicEnd : topicEnd + 2;
    const payload = identifierEnd + (this.version === 5 ? 1 : 0);
    const topic = topicOf(this.received, this.options.topics);
    const isTopic = topicEnd - body - 2 === topic.length && bytes[topicEnd - 1] === topic.charCodeAt(topic.length - 1);
    const isIt = first === (0x30 | (qos << 1)) && isTopic && isPayloadOf(bytes, payload, end - payload, this.received);
    if (isIt) this.received++;
    else this.faults++;
    if (qos > 0) this.answer(qos === 1 ? 0x40 : 0x50, bytes.readUInt16BE(topicEnd));
  }

  private subscribed(identifier: number): void {
    const { qos } = this.options;
    this.socket.write(encodeToBytes({ type: 9, packetIdentifier: identifier, reasonCodes: [qos] }, this.version));
    if (this.options.direction !== "receive") return;
    const packet = { type: 3, qos, retain: false, dup: false, ...(qos > 0 && { packetIdentifier: 1 }) } as const;
    const all = numberedPayloads().map((payload, number) =>
      encodeToBytes({ ...packet, topicName: topicOf(number, this.options.topics), payload }, this.version),
    );
    this.packets = Buffer.concat(all);
    this.packetSize = all[0]!.length;
    this.identifierAt = this.packetSize - PAYLOAD_SIZE - (this.version === 5 ? 1 : 0) - 2;
    this.isSending = true;
  }

  /** Its answer comes after all others. */
  private unsubscribed(identifier: number): void {
    this.writeAnswers();
    this.socket.write(encodeToBytes({ type: 11, packetIdentifier: identifier, reasonCodes: [0] }, this.version));
  }

  /** PUBREC. */
  private recorded(identifier: number): void {
    if (identifier !== this.nextRecorded || this.options.qos !== 2) this.faults++;
    this.nextRecorded = after(identifier);
    this.answer(0x62, identifier);
  }

  /** PUBACK or PUBCOMP. */
  private completed(identifier: number, qos: 1 | 2): void {
    if (identifier !== this.nextDone || this.options.qos !== qos) this.faults++;
    this.nextDone = after(identifier);
    this.acknowledged++;
  }

  private answer(firstByte: number, identifier: number): void {
    const out = this.answers;
    out.ensure(4);
    const { buffer, end } = out;
    buffer[end] = firstByte;
    buffer[end + 1] = 2;
    buffer[end + 2] = identifier >>> 8;
    buffer[end + 3] = identifier & 0xff;
    out.end = end + 4;
  }

  /** Writes the answers, and messages as far as the run, the window and the socket allow. */
  private pump(): void {
    const { socket } = this;
    this.writeAnswers();
    while (this.isSending && socket.writableLength < HIGH_WATER) {
      const room = this.room();
      if (room <= 0) return;
      socket.write(this.take(room));
    }
  }

  private writeAnswers(): void {
    const { answers, socket } = this;
    if (answers.end === 0) return;
    socket.write(Buffer.from(answers.view()));
    answers.release(true);
  }

  /** Messages that may be written one after the other, up to the end of the ring. */
  private room(): number {
    const { count, inflight, qos } = this.options;
    const open = qos === 0 ? NUMBERS : inflight - (this.sent - this.acknowledged);
    return Math.min(open, count - this.sent, NUMBERS - (this.sent % NUMBERS));
  }

  private take(count: number): Buffer {
    const { packetSize, sent } = this;
    const from = (sent % NUMBERS) * packetSize;
    const bytes = this.packets.subarray(from, from + count * packetSize);
    this.sent += count;
    if (this.options.qos === 0) return bytes;
    // Its own copy: the socket may hold it while the ring comes round.
    const own = Buffer.from(bytes);
    for (let i = 0; i < count; i++) own.writeUInt16BE(((sent + i) % 0xffff) + 1, i * packetSize + this.identifierAt);
    return own;
  }
}

function after(identifier: number): number {
  return (identifier % 0xffff) + 1;
}
