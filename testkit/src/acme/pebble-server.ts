import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalCa } from "@bowline/broker/internal";
import { closedPort } from "../guides/closed-port.ts";
import { ListeningProcess } from "../system/listening-process.ts";

/** How long the certificates live that it issues. */
export const CERTIFICATE_SECONDS = 86_400;

/** Debian's pebble, an ACME server for tests, with a name server that leads every name to 127.0.0.1. */
export class PebbleServer {
  readonly folder: string;
  readonly directory: string;
  /** PEM file with the authority of the server's own certificate. */
  readonly trust: string;
  /** Where it fetches http-01 challenges. */
  readonly httpPort: number;
  private readonly managementPort: number;
  private readonly children: ListeningProcess[] = [];

  private constructor(folder: string, port: number, managementPort: number, httpPort: number) {
    this.folder = folder;
    this.directory = `https://127.0.0.1:${port}/dir`;
    this.trust = join(folder, "ca.pem");
    this.managementPort = managementPort;
    this.httpPort = httpPort;
  }

  /** With `customers` it issues to them alone: their keys by their identifiers. */
  static async start(customers?: Readonly<Record<string, string>>): Promise<PebbleServer> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-pebble-"));
    const [port, management, http, dns, dnsManagement] = (await fivePorts()) as [number, number, number, number, number];
    const server = new PebbleServer(folder, port, management, http);
    const { certificate, privateKey } = await (await openLocalCa({ folder })).issue(["localhost", "127.0.0.1"]);
    await writeFile(join(folder, "cert.pem"), certificate);
    await writeFile(join(folder, "key.pem"), privateKey);
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(folder, "cert.pem"),
      privateKey: join(folder, "key.pem"),
      httpPort: http,
      tlsPort: http,
      certificateValidityPeriod: CERTIFICATE_SECONDS,
      externalAccountBindingRequired: customers !== undefined,
      externalAccountMACKeys: customers ?? {},
    };
    await writeFile(join(folder, "pebble.json"), JSON.stringify({ pebble }));
    const nobody = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
    const names = ["-dns01", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${dnsManagement}`];
    server.children.push(await ListeningProcess.start("pebble-challtestsrv", [...nobody, ...names], dnsManagement));
    const args = ["-config", join(folder, "pebble.json"), "-dnsserver", `127.0.0.1:${dns}`];
    // No pauses, one good nonce in twenty refused (after six in a row an order fails), and every name proved anew for every order.
    const env = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "5", PEBBLE_AUTHZREUSE: "0" };
    server.children.push(await ListeningProcess.start("pebble", args, port, env));
    return server;
  }

  /** PEM of the root of what it issues, another one at each start. */
  async root(): Promise<string> {
    const asked = request({
      port: this.managementPort,
      host: "127.0.0.1",
      path: "/roots/0",
      rejectUnauthorized: false,
      agent: false,
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [AsyncIterable<Buffer>];
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part);
    return Buffer.concat(parts).toString();
  }

  async stop(): Promise<void> {
    for (const child of this.children) await child.stop();
    await rm(this.folder, { recursive: true });
  }
}

async function fivePorts(): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < 5) ports.add(await closedPort());
  return [...ports];
}
