import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as net from "node:net";

/** A port whose SYNs are dropped: it listens, accepts nothing, and its backlog is full. */
export class SilentHole {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly fill: readonly net.Socket[];

  private constructor(port: number, child: ChildProcess, fill: readonly net.Socket[]) {
    this.port = port;
    this.child = child;
    this.fill = fill;
  }

  static async start(): Promise<SilentHole> {
    const program =
      'const s=require("net").createServer().listen({port:0,host:"127.0.0.1",backlog:1},()=>console.log(s.address().port))';
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    // Stopped, it accepts nothing, and the system keeps what fits.
    child.kill("SIGSTOP");
    const port = Number(text.toString());
    const fill: net.Socket[] = [];
    for (let isTaken = true; isTaken && fill.length < 64; ) {
      const socket = net.connect(port, "127.0.0.1").on("error", () => undefined);
      fill.push(socket);
      isTaken = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 200);
        socket.once("connect", () => {
          clearTimeout(timer);
          resolve(true);
        });
      });
    }
    return new SilentHole(port, child, fill);
  }

  async stop(): Promise<void> {
    for (const socket of this.fill) socket.destroy();
    this.child.kill("SIGKILL");
    await once(this.child, "close");
  }
}
