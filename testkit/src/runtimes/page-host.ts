import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { CaseSetting } from "./case.ts";
import type { PageReport } from "./in-page.ts";

/** One page that a browser is to load: its files by name, `index.html` first of all. */
export interface PageRun {
  readonly setting: CaseSetting;
  readonly files: Readonly<Record<string, string>>;
}

interface OpenRun extends PageRun {
  readonly settle: (report: PageReport) => void;
}

/** Runs one page after the other in a frame, so that a browser is started once and needs no remote control. */
const CONTROLLER = `<!doctype html><title>runs</title><iframe id="frame"></iframe><script>
(async () => {
  for (;;) {
    const answer = await fetch("/next");
    if (answer.status === 200) document.getElementById("frame").src = await answer.text();
  }
})();
</script>`;

/** Serves pages on `http://localhost`, which browsers take for a secure context, and gathers what they report. */
export class PageHost {
  readonly url: string;
  private readonly server: Server;
  private readonly suite: string;
  private readonly runs: OpenRun[] = [];
  /** Runs that the controller has not asked for. */
  private readonly next: string[] = [];
  private waiting: ServerResponse | undefined;

  private constructor(server: Server, suite: string) {
    this.server = server;
    this.suite = suite;
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  static async open(): Promise<PageHost> {
    const bundle = await rolldown({ input: fileURLToPath(new URL("in-page.ts", import.meta.url)), platform: "browser" });
    const { output } = await bundle.generate({ format: "iife" });
    await bundle.close();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    return new PageHost(server, output[0].code);
  }

  /** Resolves with what the page reports. */
  run(page: PageRun): Promise<PageReport> {
    return new Promise((settle) => {
      this.next.push(`/run/${this.runs.push({ ...page, settle }) - 1}/`);
      this.offer();
    });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, index, name = ""] = /^\/run\/(\d+)\/(.*)$/.exec(request.url ?? "") ?? [];
    const run = this.runs[Number(index)];
    if (request.url === "/") send(response, "index.html", CONTROLLER);
    else if (request.url === "/next") this.wait(response);
    else if (run === undefined) response.writeHead(404).end();
    else if (name === "results") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.end();
      run.settle(JSON.parse(Buffer.concat(chunks).toString()) as PageReport);
    } else await this.sendFile(run, name === "" ? "index.html" : name, response);
  }

  private async sendFile(run: OpenRun, name: string, response: ServerResponse): Promise<void> {
    if (name === "setting") send(response, "setting.json", JSON.stringify(run.setting));
    else if (name === "suite.js") send(response, name, this.suite);
    else if (run.files[name] !== undefined) send(response, name, run.files[name]);
    else {
      const built = await readBuilt(name);
      if (built === undefined) response.writeHead(404).end();
      else send(response, name, built);
    }
  }

  /** The controller asks again when it was told nothing for long: no browser then gives up a request. */
  private wait(response: ServerResponse): void {
    this.waiting?.writeHead(204).end();
    this.waiting = response;
    this.offer();
  }

  private offer(): void {
    if (this.waiting === undefined || this.next.length === 0) return;
    send(this.waiting, "next.txt", this.next.shift()!);
    this.waiting = undefined;
  }
}

/** The products of `npm run build`: `client/NAME` and `mqttjs/NAME`. */
function readBuilt(name: string): Promise<string | undefined> {
  const [, packageName, file] = /^(client|mqttjs)\/([\w.-]+)$/.exec(name) ?? [];
  if (packageName === undefined) return Promise.resolve(undefined);
  return readFile(new URL(`../../../packages/${packageName}/dist/${file}`, import.meta.url), "utf8").catch(() => undefined);
}

const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript", json: "application/json" };

function send(response: ServerResponse, name: string, body: string): void {
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
  response.setHeader("content-type", `${type}; charset=utf-8`).setHeader("cache-control", "no-store").end(body);
}
