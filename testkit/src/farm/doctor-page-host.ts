import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Report } from "@bowline/doctor/browser";
import { rolldown } from "rolldown";
import type { Material } from "../failures/openssl-certificates.ts";
import { pageHost } from "./certificates.ts";
import type { PageOrder } from "./doctor-in-page.ts";

/** Pages that differ in what their browser lets them do: frames of the first, and one of its own that comes from elsewhere. */
export type PageKind = "plain" | "csp" | "secure" | "distant";

interface Queue {
  readonly orders: PageOrder[];
  /** Requests of the page's workers that wait for an order. */
  readonly waiting: ServerResponse[];
}

const POLICY = "connect-src 'self'";

/** Serves pages that run the doctor, to several browsers, gives them orders, and gathers their reports. No remote control is needed. */
export class DoctorPageHost {
  readonly securePort: number;
  private readonly plainPort: number;
  private readonly servers: readonly Server[];
  private readonly script: string;
  /** By browser and kind of page. */
  private readonly queues = new Map<string, Queue>();
  private readonly settle = new Map<number, (report: Report) => void>();
  private ordered = 0;

  private constructor(plain: Server, secure: Server, script: string) {
    this.servers = [plain, secure];
    this.script = script;
    this.plainPort = (plain.address() as AddressInfo).port;
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

  /** What the browser of that name is to open: this page with its frames, and the one from elsewhere. */
  urlsFor(browser: string): readonly [plain: string, distant: string] {
    return [`http://localhost:${this.plainPort}/${browser}/plain/`, `https://${pageHost}:${this.securePort}/${browser}/distant/`];
  }

  /** Resolves with what the doctor says in a page of that kind. */
  examine(browser: string, kind: PageKind, order: Omit<PageOrder, "id">): Promise<Report> {
    const id = this.ordered++;
    const queue = this.queueOf(`${browser} ${kind}`);
    return new Promise((resolve) => {
      this.settle.set(id, resolve);
      queue.orders.push({ ...order, id });
      offer(queue);
    });
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, browser = "", kind, name = "", id] =
      /^\/(\w+)\/(plain|csp|secure|distant)\/(\w*)\/?(\d*)$/.exec(request.url ?? "") ?? [];
    if (kind === undefined) response.writeHead(404).end();
    else if (name === "next") {
      const queue = this.queueOf(`${browser} ${kind}`);
      queue.waiting.push(response);
      offer(queue);
    } else if (name === "done") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.end();
      this.settle.get(Number(id))?.(JSON.parse(Buffer.concat(chunks).toString()) as Report);
    } else if (name === "script") response.setHeader("content-type", "text/javascript").end(this.script);
    else {
      if (kind === "csp") response.setHeader("content-security-policy", POLICY);
      response.setHeader("content-type", "text/html").end(this.page(browser, kind));
    }
  }

  private page(browser: string, kind: string): string {
    const secure = `https://localhost:${this.securePort}/${browser}/secure/`;
    const frames = [`<iframe src="/${browser}/csp/"></iframe>`, `<iframe src="${secure}"></iframe>`];
    const icon = `<link rel="icon" href="data:,">`;
    return `<!doctype html><title>${kind}</title>${icon}<script src="script"></script>${kind === "plain" ? frames.join("") : ""}`;
  }

  private queueOf(name: string): Queue {
    const queue = this.queues.get(name) ?? { orders: [], waiting: [] };
    this.queues.set(name, queue);
    return queue;
  }
}

function offer({ orders, waiting }: Queue): void {
  while (orders.length > 0 && waiting.length > 0) {
    const response = waiting.shift()!;
    if (response.destroyed) continue;
    response.setHeader("content-type", "application/json").end(JSON.stringify(orders.shift(), bytesAsNumbers));
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
