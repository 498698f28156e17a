import { encodeToBytes } from "@bowline/protocol/internal";
import { clientNames } from "./client-names.ts";
import type { LoadServer } from "./load-server.ts";

/** A CONNECT with digits in it that are written anew, at each of these offsets. */
interface Template {
  readonly bytes: Uint8Array;
  readonly digitsAt: readonly number[];
}

/** The CONNECTs of the connections of a run, which differ in their number alone and are encoded once for each length of it. */
export class ConnectPackets {
  private readonly server: LoadServer;
  private readonly templates: (Template | undefined)[] = [];
  /** User names in turn have numbers of another kind. */
  private readonly hasTurns: boolean;

  constructor(server: LoadServer) {
    this.server = server;
    const { connect, users } = server;
    this.hasTurns = users < Number.MAX_SAFE_INTEGER && connect.username?.includes("%i") === true;
  }

  /** That of the connection of that number, in bytes of its own. */
  of(number: number): Uint8Array {
    if (this.hasTurns) return this.encoded(number);
    const digits = String(this.server.firstNumber + number);
    const { bytes, digitsAt } = (this.templates[digits.length] ??= this.templateFor(digits.length));
    const packet = Buffer.from(bytes);
    for (const at of digitsAt) packet.write(digits, at, "latin1");
    return packet;
  }

  /** Where two packets differ whose numbers have no digit in common, the digits stand. */
  private templateFor(length: number): Template {
    const [ones, twos] = ["1", "2"].map((digit) => this.encoded(Number(digit.repeat(length)) - this.server.firstNumber));
    const bytes = ones ?? new Uint8Array();
    const different = [...bytes.keys()].filter((at) => bytes[at] !== twos?.[at]);
    return { bytes, digitsAt: different.filter((_, i) => i % length === 0) };
  }

  private encoded(number: number): Uint8Array {
    const { connect } = this.server;
    return encodeToBytes({ ...connect, ...clientNames(this.server, number) }, connect.protocolVersion);
  }
}
