import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { programPath } from "../system/missing-programs.ts";
import { chromiumFlags } from "./chromium-flags.ts";

const FLAGS = [...chromiumFlags, "--headless=new", "--remote-debugging-port=0"];

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}
interface Evaluated {
  result: { value?: unknown };
  exceptionDetails?: { text: string; exception?: { description?: string } };
}

/**
 * A page of a Chromium that nothing automates: it can be hidden, frozen and kept for a return as a user's page can. Tools for
 * automation keep the focus on every page, which makes tests of its life worthless.
 */
export class LivingPage {
  private readonly child: ChildProcess;
  private readonly home: string;
  private readonly socket: WebSocket;
  private readonly browser: URL;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private lastId = 0;

  private constructor(child: ChildProcess, home: string, browser: URL, socket: WebSocket) {
    this.browser = browser;
    this.child = child;
    this.home = home;
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as Answer;
      this.waiting.get(answer.id ?? 0)?.(answer);
      this.waiting.delete(answer.id ?? 0);
    });
  }

  static async open(url: string, flags: readonly string[] = []): Promise<LivingPage> {
    const home = await mkdtemp(join(tmpdir(), "bowline-living-"));
    const args = [...FLAGS, ...flags, `--user-data-dir=${home}`, "about:blank"];
    const child = spawn(programPath("chromium") ?? "chromium", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: home },
    });
    const browser = await new Promise<URL>((resolve, reject) => {
      child.once("exit", () => reject(new Error("chromium ended")));
      createInterface({ input: child.stderr }).on("line", (line) => {
        const [, found] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
        if (found !== undefined) resolve(new URL(found));
      });
    });
    const answer = await fetch(`http://${browser.host}/json/new?${encodeURIComponent(url)}`, { method: "PUT" });
    const { webSocketDebuggerUrl } = (await answer.json()) as { webSocketDebuggerUrl: string };
    const socket = new WebSocket(webSocketDebuggerUrl);
    await once(socket, "open");
    const page = new LivingPage(child, home, browser, socket);
    await page.send("Page.enable");
    return page;
  }

  /** A command of the DevTools protocol. */
  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.lastId;
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  /** Runs a function in the page, which may use nothing but its argument, and answers what it resolves with. */
  async evaluate<Argument, Result>(script: (argument: Argument) => Result, argument?: Argument): Promise<Awaited<Result>> {
    const expression = `(${String(script)})(${JSON.stringify(argument) ?? ""})`;
    const evaluated = (await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true })) as Evaluated;
    const { exceptionDetails: failure } = evaluated;
    if (failure !== undefined) throw new Error(failure.exception?.description ?? failure.text);
    return evaluated.result.value as Awaited<Result>;
  }

  /** Resolves when that holds in the page, which is left time for its work between two questions. */
  async until(script: () => boolean): Promise<void> {
    while (!(await this.evaluate(script).catch(() => false))) await sleep(5);
  }

  /** Opens another tab in front of it. */
  async hide(): Promise<void> {
    await fetch(`http://${this.browser.host}/json/new?about:blank`, { method: "PUT" });
    await this.until(() => document.visibilityState === "hidden");
  }

  async close(): Promise<void> {
    this.socket.terminate();
    this.child.kill("SIGKILL");
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
