import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { programPath } from "./missing-programs.ts";

/** A program of somebody else's in the foreground, which takes connections at a port. */
export class ListeningProcess {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when the port takes connections. @throws Error with what the program wrote, when it ends before */
  static async start(
    program: string,
    args: readonly string[],
    port: number,
    env: NodeJS.ProcessEnv = {},
  ): Promise<ListeningProcess> {
    const child = spawn(programPath(program) ?? program, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
    while (child.exitCode === null) {
      const socket = connect(port, "127.0.0.1");
      const isOpen = await new Promise<boolean>((resolve) =>
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
      );
      socket.destroy();
      if (isOpen) return new ListeningProcess(child);
    }
    throw new Error(`${program} ended:\n${log}`);
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
  }
}
