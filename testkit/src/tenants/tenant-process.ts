import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerConfigInput } from "@bowline/broker";
import type { connect } from "@bowline/client";
import { BowlineProcess } from "../system/index.ts";

/** The real `bowline` in a process of its own, asked by its admin socket, whose tenants have one user who may do everything. */
export class TenantProcess {
  readonly process: BowlineProcess;
  private readonly folder: string;

  private constructor(broker: BowlineProcess, folder: string) {
    this.process = broker;
    this.folder = folder;
  }

  static async start(config: BrokerConfigInput = {}, ...listen: string[]): Promise<TenantProcess> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-tenants-"));
    await writeFile(join(folder, "bowline.json"), JSON.stringify(config));
    const args = ["--config", join(folder, "bowline.json"), "--no-console"];
    for (const url of ["mqtts://localhost:0", ...listen]) args.push("--listen", url);
    return new TenantProcess(await BowlineProcess.start(...args), folder);
  }

  get url(): string {
    return this.process.urls[0]!;
  }

  async make(name: string, plan?: string): Promise<void> {
    await this.admin("POST", "tenants", { name, ...(plan === undefined ? {} : { plan }) });
    await this.admin("POST", `tenants/${name}/users`, { username: "ann", password: "secret" });
    await this.admin("POST", `tenants/${name}/rules`, { permission: "allow", action: "both", topics: ["#"] });
  }

  /** How a client comes to a tenant. */
  async optionsOf(tenant: string): Promise<NonNullable<Parameters<typeof connect>[1]>> {
    const tls = { ca: await this.process.ca(), servername: `${tenant}.localhost` };
    return { tls, credentials: { username: "ann", password: "secret" }, reconnect: false };
  }

  async admin<T>(method: string, path: string, value?: unknown): Promise<T> {
    const text = await new Promise<string>((resolve, reject) => {
      const socketPath = join(this.process.dataFolder, "admin.sock");
      const headers = { "content-type": "application/json" };
      const sent = request({ socketPath, method, path: `/api/v1/${path}`, headers }, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        answer.on("end", () => resolve(body));
      });
      sent.on("error", reject).end(value === undefined ? undefined : JSON.stringify(value));
    });
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  async end(): Promise<void> {
    await this.process.remove();
    await rm(this.folder, { recursive: true });
  }
}
