import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type * as bowline from "@bowline/client";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { programPath } from "../system/missing-programs.ts";

/** What scripts of tests find in the page. */
export interface StorePageGlobals {
  bowline: typeof bowline;
}

const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"];
const bundleFolder = new URL("../../../packages/client/dist/", import.meta.url);
const PAGE = `<!doctype html><title>store</title><link rel="icon" href="data:,">`;

/**
 * A Chromium whose profile outlives its process, and the origin its pages come from: what IndexedDB keeps is there again after a
 * kill. Needs `chromium` and the built bundle.
 */
export class PersistentChromium {
  private readonly home: string;
  private readonly server: Server;
  private child: ChildProcess | undefined;
  private browser: Browser | undefined;

  private constructor(home: string, server: Server) {
    this.home = home;
    this.server = server;
  }

  static async start(): Promise<PersistentChromium> {
    const server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    const one = new PersistentChromium(await mkdtemp(join(tmpdir(), "bowline-profile-")), server);
    await one.startAgain();
    return one;
  }

  /** With the same profile and origin. */
  async startAgain(): Promise<void> {
    const env = { ...process.env, HOME: this.home };
    const flags = [...FLAGS, `--user-data-dir=${join(this.home, "profile")}`, "--remote-debugging-port=0", "about:blank"];
    const child = spawn(programPath("chromium") as string, flags, { stdio: ["ignore", "ignore", "pipe"], env });
    this.child = child;
    const address = await new Promise<string>((resolve, reject) => {
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        const found = /DevTools listening on (\S+)/.exec(log);
        if (found !== null) resolve(found[1] as string);
      });
      child.once("exit", (code) => reject(new Error(`chromium ended with ${code}:\n${log}`)));
    });
    this.browser = await chromium.connectOverCDP(address);
  }

  /** A page of the origin that has loaded the client; each is a tab. */
  async page(): Promise<Page> {
    const context = (this.browser as Browser).contexts()[0];
    if (context === undefined) throw new Error("the browser has no context");
    // A process that waited for the next page may have been killed with the others; then the next one is a new one.
    return this.load(context).catch(() => this.load(context));
  }

  /** kill -9 of the browser's process; its helpers end with it. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** kill -9 of every process that runs pages; the browser lives on. */
  async killRenderers(): Promise<void> {
    const session = await (this.browser as Browser).newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    for (const { type, id } of processInfo) if (type === "renderer") process.kill(id, "SIGKILL");
    await session.detach();
  }

  private async load(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`http://localhost:${(this.server.address() as AddressInfo).port}/`);
    // Not by polling, which goes with the frames that a tab in the background does not draw.
    await page.evaluate(`import("/browser.min.js").then((bowline) => { globalThis.bowline = bowline; })`);
    return page;
  }

  async remove(): Promise<void> {
    await this.kill();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const name = basename(request.url ?? "");
  if (name === "") {
    response.setHeader("content-type", "text/html").end(PAGE);
    return;
  }
  readFile(new URL(name, bundleFolder)).then(
    (script) => response.setHeader("content-type", "text/javascript").end(script),
    () => response.writeHead(404).end(),
  );
}
