import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Report } from "@bowline/doctor/browser";
import { rolldown } from "rolldown";
import type { Material } from "../failures/openssl-certificates.ts";
import type { PageOrder } from "./doctor-in-page.ts";

/** Pages that differ in what their browser lets them do; each is a frame of the first. */
export type PageKind = "plain" | "csp" | "secure";

interface Queue {
  readonly orders: PageOrder[];
  /** Requests of the page's workers that wait for an order. */
  readonly waiting: ServerResponse[];
}

const POLICY = "connect-src 'self'";
const idle = (): Queue => ({ orders: [], waiting: [] });

/** Serves pages that run the doctor, gives them orders, and gathers their reports. No remote control is needed. */
export class DoctorPageHost {
  readonly url: string;
  private readonly servers: readonly Server[];
  private readonly script: string;
  private readonly securePort: number;
  private readonly queues: Readonly<Record<PageKind, Queue>> = { plain: idle(), csp: idle(), secure: idle() };
  private readonly settle = new Map<number, (report: Report) => void>();
  private ordered = 0;

  private constructor(plain: Server, secure: Server, script: string) {
    this.servers = [plain, secure];
    this.script = script;
    this.url = `http://localhost:${(plain.address() as AddressInfo).port}/plain/`;
    this.securePort = (secure.address() as AddressInfo).port;
    const answer: RequestListener = (request, response) => void this.answer(request, response);
    for (const server of this.servers) server.on("request", answer);
  }

  static async open(certificate: Material): Promise<DoctorPageHost> {
    const servers = [createServer(), createHttpsServer(certificate)] as const;
    const script = await bundle();
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    return new DoctorPageHost(servers[0], servers[1], script);
  }

  /** Resolves with what the doctor says in a page of that kind. */
  examine(kind: PageKind, order: Omit<PageOrder, "id">): Promise<Report> {
    const id = this.ordered++;
    return new Promise((resolve) => {
      this.settle.set(id, resolve);
      this.queues[kind].orders.push({ ...order, id });
      this.offer(kind);
    });
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind, name = "", id] = /^\/(plain|csp|secure)\/(\w*)\/?(\d*)$/.exec(request.url ?? "") ?? [];
    if (kind === undefined) response.writeHead(404).end();
    else if (name === "next") this.wait(kind as PageKind, response);
    else if (name === "done") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.end();
      this.settle.get(Number(id))?.(JSON.parse(Buffer.concat(chunks).toString()) as Report);
    } else if (name === "script") response.setHeader("content-type", "text/javascript").end(this.script);
    else {
      if (kind === "csp") response.setHeader("content-security-policy", POLICY);
      response.setHeader("content-type", "text/html").end(this.page(kind));
    }
  }

  private page(kind: string): string {
    const frames = [`<iframe src="/csp/"></iframe>`, `<iframe src="https://localhost:${this.securePort}/secure/"></iframe>`];
    const icon = `<link rel="icon" href="data:,">`;
    return `<!doctype html><title>${kind}</title>${icon}<script src="script"></script>${kind === "plain" ? frames.join("") : ""}`;
  }

  private wait(kind: PageKind, response: ServerResponse): void {
    this.queues[kind].waiting.push(response);
    this.offer(kind);
  }

  private offer(kind: PageKind): void {
    const { orders, waiting } = this.queues[kind];
    while (orders.length > 0 && waiting.length > 0) {
      const response = waiting.shift()!;
      if (response.destroyed) continue;
      response.setHeader("content-type", "application/json").end(JSON.stringify(orders.shift(), bytesAsNumbers));
    }
  }
}

const bytesAsNumbers = (_name: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);

/** From the sources, as a page's own bundler would make it. */
async function bundle(): Promise<string> {
  const made = await rolldown({
    input: fileURLToPath(new URL("doctor-in-page.ts", import.meta.url)),
    platform: "browser",
    resolve: { conditionNames: ["@bowline/source", "browser", "import", "default"] },
  });
  const { output } = await made.generate({ format: "iife" });
  await made.close();
  return output[0].code;
}
