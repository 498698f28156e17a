import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { ClientDriver, ClientReport, ClientSettings, ClientUnderTest } from "../client-driver.ts";
import { type Answer, eachLine, fromLine, type Hello, type Request, toLine } from "../driver-lines.ts";

/** A process takes longer to start than an object. */
const PATIENCE_MS = 15_000;

/**
 * A driver for a client in a program of its own, whatever its language: it is started for each case, and speaks the lines of
 * driver-lines.ts. `{url}` in its arguments stands for the address of the server.
 *
 * @throws Error when the program does not say hello
 */
export async function programDriver(command: readonly string[]): Promise<ClientDriver> {
  const hello = await helloOf(command);
  return {
    name: hello.name,
    versions: hello.versions,
    capabilities: new Set(hello.capabilities),
    ...(hello.minimumKeepAlive !== undefined && { minimumKeepAlive: hello.minimumKeepAlive }),
    ...(hello.subscribesAtStart !== undefined && { subscribesAtStart: hello.subscribesAtStart }),
    patienceMs: PATIENCE_MS,
    start: (url, settings, report) => new ProgramUnderTest(command, url, settings, report),
  };
}

async function helloOf(command: readonly string[]): Promise<Hello> {
  const child = start(command, "mqtt://127.0.0.1:1");
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`${command.join(" ")} ended with ${code} and said no hello`)));
      eachLine(child.stdout, (line) => {
        const answer = fromLine<Answer>(line);
        if ("hello" in answer) resolve(answer.hello);
      });
    });
  } finally {
    child.kill("SIGKILL");
  }
}

function start([program = "", ...args]: readonly string[], url: string): ChildProcessWithoutNullStreams {
  const child = spawn(
    program,
    args.map((one) => one.replaceAll("{url}", url)),
  );
  child.stderr.resume();
  child.stdin.on("error", () => undefined);
  return child;
}

type Settle = { resolve: (granted: readonly number[]) => void; reject: (error: Error) => void };
type Asked<T = Request> = T extends { id: number } ? Omit<T, "id"> : never;

class ProgramUnderTest implements ClientUnderTest {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;
  private readonly report: ClientReport;
  private readonly open = new Map<number, Settle>();
  private lastId = 0;

  constructor(command: readonly string[], url: string, settings: ClientSettings, report: ClientReport) {
    this.report = report;
    this.child = start(command, url);
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve()));
    this.child.once("error", (error) => this.fail(error));
    this.child.once("close", () => this.fail(new Error("the program has ended")));
    eachLine(this.child.stdout, (line) => this.take(fromLine<Answer>(line)));
    // A program that refuses the settings does not connect, which the case sees.
    this.ask({ do: "connect", url, settings }).catch(() => undefined);
  }

  async publish(message: Parameters<ClientUnderTest["publish"]>[0]): Promise<void> {
    await this.ask({ do: "publish", message });
  }

  async subscribe(subscription: Parameters<ClientUnderTest["subscribe"]>[0]): Promise<readonly number[]> {
    return await this.ask({ do: "subscribe", subscription });
  }

  async unsubscribe(topicFilters: readonly string[]): Promise<void> {
    await this.ask({ do: "unsubscribe", topicFilters });
  }

  async reauthenticate(): Promise<void> {
    await this.ask({ do: "reauthenticate" });
  }

  async disconnect(): Promise<void> {
    await this.ask({ do: "disconnect" });
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  private ask(request: Asked): Promise<readonly number[]> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.child.stdin.write(toLine({ id, ...request }));
    });
  }

  private take(answer: Answer): void {
    if ("message" in answer) this.report.message(answer.message);
    else if ("id" in answer) {
      const settle = this.open.get(answer.id);
      this.open.delete(answer.id);
      if ("error" in answer) settle?.reject(new Error(answer.error));
      else settle?.resolve(answer.granted ?? []);
    }
  }

  private fail(error: Error): void {
    for (const { reject } of this.open.values()) reject(error);
    this.open.clear();
  }
}
