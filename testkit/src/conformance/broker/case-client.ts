import type { Socket } from "node:net";
import {
  acknowledgement,
  connect,
  type ConnectOptions,
  disconnect,
  type FilterRow,
  pingreq,
  publish,
  type PropertyList,
  type PublishOptions,
  subscribe,
  unsubscribe,
} from "../wire/build.ts";
import { ConformanceFailure } from "../wire/conformance-failure.ts";
import { describePacket, hexByte } from "../wire/describe.ts";
import type { PacketName } from "../wire/packet-name.ts";
import type { WirePacket } from "../wire/parse.ts";
import { CLOSED, Peer, type PeerOptions } from "../wire/peer.ts";
import type { Wanted } from "../wire/wanted.ts";
import { needsForFilters, needsForMessage, type ServerFeatures } from "./server-features.ts";

/** In which nearly every server has closed a connection that it is to close. */
const PROMPT_MS = 500;
/** A PINGREQ that crosses a close can cost the DISCONNECT before it, which matters where that must be there. */
const STRICT_PROMPT_MS = 4_000;

export interface CaseClientOptions extends PeerOptions {
  /** Whether a Reason Code that the specification only recommends must be there. */
  readonly isStrict: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A case that needs what the server lacks does not apply. */
  readonly server: ServerFeatures;
}

export type ConnectFields = Omit<ConnectOptions, "version">;
export type PublishFields = Omit<PublishOptions, "version">;

/** A client of a case: a peer that knows the ordinary exchanges, so that a case shows only what it is about. */
export class CaseClient extends Peer {
  private readonly settings: CaseClientOptions;
  private lastIdentifier = 0;

  constructor(socket: Socket, settings: CaseClientOptions) {
    super(socket, settings);
    this.settings = settings;
  }

  connectBytes(fields: ConnectFields): Buffer {
    const { username, password } = this.settings;
    return connect({
      version: this.version,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...fields,
    });
  }

  /** Sends CONNECT, and takes the CONNACK, which must accept. */
  connect(fields: ConnectFields, wanted: Wanted = {}): Promise<WirePacket> {
    if (fields.will !== undefined) needsForMessage(this.settings.server, fields.will);
    this.send(this.connectBytes(fields));
    return this.expect("CONNACK", { reasonCode: 0, ...wanted });
  }

  nextIdentifier(): number {
    return ++this.lastIdentifier;
  }

  /** Takes the SUBACK; messages that came before it stay to be taken. A filter without options is subscribed with QoS 0. */
  subscribe(filters: string | readonly FilterRow[], properties: PropertyList = [], wanted: Wanted = {}): Promise<WirePacket> {
    const rows: readonly FilterRow[] = typeof filters === "string" ? [[filters, 0]] : filters;
    needsForFilters(this.settings.server, rows, properties);
    const packetIdentifier = this.nextIdentifier();
    this.send(subscribe({ version: this.version, packetIdentifier, filters: rows, properties }));
    const reasonCodes = rows.map(([, options]) => options & 3);
    return this.expectPast("PUBLISH", "SUBACK", { packetIdentifier, reasonCodes, ...wanted });
  }

  unsubscribe(filters: readonly string[], wanted: Wanted = {}): Promise<WirePacket> {
    const packetIdentifier = this.nextIdentifier();
    this.send(unsubscribe({ version: this.version, packetIdentifier, filters }));
    return this.expectPast("PUBLISH", "UNSUBACK", { packetIdentifier, ...wanted });
  }

  /** Without waiting for an answer. Gives it an identifier when its QoS needs one. */
  sendPublish(fields: PublishFields): number {
    needsForMessage(this.settings.server, fields);
    const packetIdentifier = fields.packetIdentifier ?? ((fields.qos ?? 0) > 0 ? this.nextIdentifier() : undefined);
    this.send(publish({ version: this.version, ...fields, packetIdentifier }));
    return packetIdentifier ?? 0;
  }

  /** With the whole exchange of its QoS, which must succeed. */
  async publish(fields: PublishFields): Promise<void> {
    const packetIdentifier = this.sendPublish(fields);
    if (fields.qos === 1) await this.expectSuccess("PUBACK", packetIdentifier);
    if (fields.qos !== 2) return;
    await this.expectSuccess("PUBREC", packetIdentifier);
    this.acknowledge("PUBREL", packetIdentifier);
    await this.expectSuccess("PUBCOMP", packetIdentifier);
  }

  /** 0x10 says that nobody subscribes. */
  expectSuccess(name: PacketName, packetIdentifier: number): Promise<WirePacket> {
    return this.expectPast("PUBLISH", name, { packetIdentifier, reasonCode: [0, 0x10] });
  }

  acknowledge(name: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP", packet: WirePacket | number, reasonCode?: number): void {
    const packetIdentifier = typeof packet === "number" ? packet : (packet.packetIdentifier ?? 0);
    const more = reasonCode === undefined ? {} : { reasonCode };
    this.send(acknowledgement(name, { version: this.version, packetIdentifier, ...more }));
  }

  /** Takes a message with the whole exchange of its QoS. */
  async receive(wanted: Wanted = {}): Promise<WirePacket> {
    const message = await this.expect("PUBLISH", wanted);
    if (message.qos === 1) this.acknowledge("PUBACK", message);
    if (message.qos === 2) {
      this.acknowledge("PUBREC", message);
      await this.expectPast("PUBLISH", "PUBREL", { packetIdentifier: message.packetIdentifier ?? 0 });
      this.acknowledge("PUBCOMP", message);
    }
    return message;
  }

  /** DISCONNECT, and the server's close. */
  async disconnect(reasonCode?: number, properties?: PropertyList): Promise<void> {
    this.send(
      disconnect({ ...(reasonCode === undefined ? {} : { reasonCode }), ...(properties === undefined ? {} : { properties }) }),
    );
    await this.expectClose();
  }

  /**
   * The server ends the connection because of what this client did: with a DISCONNECT that has one of the codes on 5.0, or
   * (where not strict) without one; before 5.0 without one.
   */
  async expectError(...codes: readonly number[]): Promise<void> {
    const named = codes.map(hexByte).join(" or ");
    const expected = this.version === 5 ? `DISCONNECT ${named} and a close` : "a close";
    const event = await this.pastMessages(expected);
    if (event === CLOSED && (this.version < 5 || !this.settings.isStrict)) return;
    if (event === CLOSED || this.version < 5 || event.name !== "DISCONNECT" || !codes.includes(event.reasonCode ?? 0)) {
      throw new ConformanceFailure(expected, event === CLOSED ? event : describePacket(event));
    }
    if (event.fault !== undefined) throw new ConformanceFailure(expected, describePacket(event));
    await this.expectClose();
  }

  /** A CONNECT is refused: on 5.0 by a CONNACK with one of the codes and a close, or by a close alone. */
  async expectRefusal(...codes: readonly number[]): Promise<void> {
    const expected = codes.length === 0 ? "a close" : `CONNACK ${codes.map(hexByte).join(" or ")} and a close, or a close`;
    const event = await this.next(expected);
    if (event === CLOSED) return;
    if (event.name !== "CONNACK" || !codes.includes(event.reasonCode ?? 0) || event.sessionPresent || event.fault !== undefined) {
      throw new ConformanceFailure(expected, describePacket(event));
    }
    await this.expectClose();
  }

  /** A wrong CONNECT: a malformed one before 5.0 is answered by a close and nothing else. */
  async expectMalformedConnect(...codes: readonly number[]): Promise<void> {
    await this.expectRefusal(...(this.version === 5 ? codes : []));
  }

  private async pastMessages(expected: string): Promise<WirePacket | typeof CLOSED> {
    // A server that goes on shows it sooner by its answer to a PINGREQ than by its silence.
    const isQuiet = this.waiting.length === 0 && !(await this.comes(this.settings.isStrict ? STRICT_PROMPT_MS : PROMPT_MS));
    if (isQuiet) this.send(pingreq());
    for (;;) {
      const event = await this.next(expected);
      if (event === CLOSED || event.name !== "PUBLISH") return event;
    }
  }
}
