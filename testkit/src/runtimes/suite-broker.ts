import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { BowlineProcess } from "../system/bowline-process.ts";
import type { CaseSetting } from "./case.ts";

export const schemes = ["mqtt", "mqtts", "ws", "wss"] as const;
export type Scheme = (typeof schemes)[number];

const CUT_TOPIC = "where/cut";

/** A real broker with a listener for each scheme, behind relays that a message cuts: so the programs under test need no second channel. */
export class SuiteBroker {
  readonly broker: BowlineProcess;
  readonly ca: string;
  private readonly credentials: CaseSetting["credentials"];
  private readonly relays: ReadonlyMap<Scheme, Relay>;
  private readonly control: Client;
  private runs = 0;

  private constructor(broker: BowlineProcess, ca: string, credentials: CaseSetting["credentials"], relays: Map<Scheme, Relay>) {
    this.broker = broker;
    this.ca = ca;
    this.credentials = credentials;
    this.relays = relays;
    const options = { credentials, tls: { ca }, session: { clientId: "control" } };
    this.control = connect(relays.get("mqtts")!.behind.href, options);
    this.control.subscribe(`${CUT_TOPIC}/+`, { qos: 1 }, ({ topicName }) => {
      relays.get(topicName.slice(CUT_TOPIC.length + 1) as Scheme)?.cut();
    });
  }

  static async start(): Promise<SuiteBroker> {
    const listen = schemes.flatMap((scheme) => ["--listen", `${scheme}://localhost:0${scheme.startsWith("ws") ? "/mqtt" : ""}`]);
    const broker = await BowlineProcess.start(...listen, "--no-console");
    const relays = new Map<Scheme, Relay>();
    for (const [index, scheme] of schemes.entries()) relays.set(scheme, await Relay.open(new URL(broker.urls[index]!)));
    const one = new SuiteBroker(broker, String(await broker.ca()), await broker.user(), relays);
    await one.control.online();
    return one;
  }

  /** A setting of its own for one run over one scheme. A browser is not told whom to trust, and has no files. */
  async setting(scheme: Scheme, { isBrowser }: { readonly isBrowser: boolean }): Promise<CaseSetting> {
    const relay = this.relays.get(scheme)!;
    return {
      url: relay.url,
      directUrl: relay.behind.href,
      closedUrl: await closedUrl(relay.behind),
      credentials: this.credentials,
      ...(!isBrowser && (scheme === "mqtts" || scheme === "wss") ? { ca: this.ca } : {}),
      ...(!isBrowser ? { storeFolder: join(this.broker.folder, `store${this.runs}`) } : {}),
      cutTopic: `${CUT_TOPIC}/${scheme}`,
      prefix: `run${this.runs++}`,
    };
  }

  /** Resolves when the broker has no connection of that run any more. */
  leftBy({ prefix }: CaseSetting): Promise<void> {
    return this.broker.connectionsAre((all) => !all.some((one) => one.clientIdentifier.startsWith(`${prefix}-`)));
  }

  async remove(): Promise<void> {
    await this.control.abort();
    for (const relay of this.relays.values()) relay.close();
    await this.broker.remove();
  }
}

/** Passes bytes on to one listener, until it is told to cut. */
class Relay {
  readonly behind: URL;
  readonly url: string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(behind: URL, server: Server) {
    this.behind = behind;
    this.server = server;
    const url = new URL(behind);
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    server.on("connection", (socket) => this.pass(socket));
  }

  static async open(behind: URL): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    return new Relay(behind, server);
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private pass(socket: Socket): void {
    const onward = connectSocket(Number(this.behind.port), this.behind.hostname);
    const pairs: [Socket, Socket][] = [
      [socket, onward],
      [onward, socket],
    ];
    for (const [from, to] of pairs) {
      this.sockets.add(from);
      from.setNoDelay().pipe(to);
      from
        .on("error", () => to.destroy())
        .on("close", () => {
          this.sockets.delete(from);
          to.destroy();
        });
    }
  }
}

/** A port that was free a moment ago. */
async function closedUrl(like: URL): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const url = new URL(like);
  url.port = String((server.address() as AddressInfo).port);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return url.href;
}
