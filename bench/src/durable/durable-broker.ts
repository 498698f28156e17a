import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { loadConfig, openStorage, PasswordHasher, silentLogger, startServer } from "@bowline/broker/internal";

/** What the parent asks for, by one message each. */
export type DurableRequest = { kind: "measure"; hashes: number } | { kind: "measured" } | { kind: "stop" };

/** `ready`, then an answer to each `measured`, and at the end how many queue entries the closed store holds. */
export type DurableAnswer =
  | { kind: "ready"; port: number }
  | { kind: "figures"; figures: LoopFigures }
  | { kind: "stopped"; kept: number };

export interface LoopFigures {
  /** Ms that the event loop was late. */
  lagP99: number;
  lagMax: number;
  /** Passwords that were hashed meanwhile. */
  hashed: number;
}

/** A broker that keeps everything on the disk, in a process of its own, with its event loop watched. */
async function main(folder: string): Promise<void> {
  const overrides = { data: folder, anonymous: true, console: false, listen: ["mqtt://127.0.0.1:0"] } as const;
  const config = await loadConfig({ directory: folder, overrides: { ...overrides, listen: [...overrides.listen] } });
  const server = await startServer({ config, logger: silentLogger, version: "bench" });
  const lag = monitorEventLoopDelay({ resolution: 1 });
  // As a client's login does it: at most so many at once as the broker allows itself, the others in line.
  const hasher = new PasswordHasher();
  let wanted = 0;
  let hashed = 0;
  const keepHashing = async (number: number): Promise<void> => {
    while (number < wanted) {
      // oxlint-disable-next-line no-await-in-loop -- One after the other is the point.
      await hasher.hash("correct horse battery staple");
      if (number < wanted) hashed++;
    }
  };
  process.on("message", (request: DurableRequest) => {
    if (request.kind === "measure") {
      hashed = 0;
      wanted = request.hashes;
      for (let number = 0; number < wanted; number++) void keepHashing(number);
      lag.reset();
      lag.enable();
    } else if (request.kind === "measured") {
      lag.disable();
      wanted = 0;
      // The monitor counts its own resolution of 1 ms.
      const figures = { lagP99: Math.max(0, lag.percentile(99) / 1e6 - 1), lagMax: Math.max(0, lag.max / 1e6 - 1), hashed };
      tell({ kind: "figures", figures });
    } else {
      void server
        .close()
        .then(() => countKept(join(folder, "store")))
        .then((kept) => {
          tell({ kind: "stopped", kept });
          lag.disable();
          process.disconnect();
        });
    }
  });
  tell({ kind: "ready", port: Number(new URL(server.listeners[0]!.replace("mqtt", "http")).port) });
}

/** What a restart would find. */
async function countKept(directory: string): Promise<number> {
  const storage = await openStorage({ directory });
  let kept = 0;
  await storage.load({
    message() {},
    session: ({ queue }) => (kept += queue.length),
    retained() {},
    user() {},
    rule() {},
  });
  await storage.close();
  return kept;
}

function tell(answer: DurableAnswer): void {
  process.send!(answer);
}

await main(process.argv[2] ?? "");
