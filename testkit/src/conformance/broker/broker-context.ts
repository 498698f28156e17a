import type { CaseResources } from "../case-run.ts";
import { type ConformanceCase, NotApplicable } from "../case.ts";
import type { Version } from "../wire/build.ts";
import { ConformanceFailure } from "../wire/conformance-failure.ts";
import { openSocket } from "../wire/peer.ts";
import type { Wanted } from "../wire/wanted.ts";
import { CaseClient, type ConnectFields } from "./case-client.ts";
import type { BrokerTarget } from "./broker-target.ts";
import type { ServerFeatures } from "./server-features.ts";

const LIMIT_MS = 5_000;

/** What a case of the broker kit works with. */
export class BrokerContext {
  readonly version: Version;
  readonly server: ServerFeatures;
  readonly transcript: string[] = [];
  private readonly target: BrokerTarget;
  private readonly prefix: string;
  private readonly clients: CaseClient[] = [];
  private identifiers = 0;

  constructor(target: BrokerTarget, version: Version, server: ServerFeatures, prefix: string) {
    this.target = target;
    this.version = version;
    this.server = server;
    this.prefix = prefix;
  }

  /** A Client Identifier of this case: Latin letters and digits, at most 23 bytes. */
  clientId(name = `c${++this.identifiers}`): string {
    return `${this.prefix}${name}`;
  }

  /** A Topic Name of this case. */
  topic(name = "t"): string {
    return `conformance/${this.prefix}/${name}`;
  }

  /** A Network Connection, on which nothing was sent. */
  async open(name = `client ${this.clients.length + 1}`): Promise<CaseClient> {
    const { address, username, password, limitMs = LIMIT_MS, isStrict = false } = this.target;
    const transcript = (line: string): void => void this.transcript.push(line);
    const options = { version: this.version, name, limitMs, transcript, isStrict, username, password, server: this.server };
    const client = new CaseClient(await openSocket(address), options);
    this.clients.push(client);
    return client;
  }

  /** A client that is connected, with a Client Identifier of its own. */
  async connect(fields: ConnectFields = {}, wanted: Wanted = {}): Promise<CaseClient> {
    const client = await this.open();
    await client.connect({ clientId: this.clientId(), ...fields }, wanted);
    return client;
  }

  /** Sends a CONNECT whose answer is the case's matter. */
  async attempt(fields: ConnectFields = {}): Promise<CaseClient> {
    const client = await this.open();
    client.send(client.connectBytes({ clientId: this.clientId(), ...fields }));
    return client;
  }

  /** A client that is connected and subscribed to the filter. */
  async subscriber(filter: string, qos = 0, fields: ConnectFields = {}): Promise<CaseClient> {
    const client = await this.connect(fields);
    await client.subscribe([[filter, qos]]);
    return client;
  }

  /** Time that the protocol itself counts (an expiry, a delay) goes by. */
  elapse(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }

  check(holds: boolean, expected: string, seen: unknown): void {
    if (!holds) throw new ConformanceFailure(expected, typeof seen === "string" ? seen : JSON.stringify(seen));
  }

  requires(isThere: boolean, what: string): void {
    if (!isThere) throw new NotApplicable(`the server has no ${what}`);
  }

  end(): void {
    for (const client of this.clients) client.cut();
  }
}

/** Makes the contexts of one run; its prefix keeps runs at the same broker apart. */
export function contextsOf(
  target: BrokerTarget,
  server: ServerFeatures,
): (one: ConformanceCase<BrokerContext>) => CaseResources<BrokerContext> {
  const run = Math.floor(Math.random() * 36 ** 4).toString(36);
  let count = 0;
  return ({ version }) => {
    const context = new BrokerContext(target, version, server, `${run}x${(count++).toString(36)}x`);
    return { context, transcript: context.transcript, end: async () => context.end() };
  };
}
