import { closeSync, openSync, writeSync } from "node:fs";
import { MqttError } from "@bowline/protocol";
import { clientNames } from "../client-names.ts";
import type { ConnectionStage, ConnectionTimes } from "../connection-times.ts";
import type { LoadServer } from "../load-server.ts";

const FIELDS: Readonly<Record<ConnectionStage, string>> = {
  tcp: "tcpMs",
  open: "openMs",
  connack: "connackMs",
  suback: "subackMs",
};

/** The times of each connection, as JSON lines: from its beginning until TCP stood, TLS and WebSocket stood, CONNACK and SUBACK came. */
export class QualityLog {
  private readonly file: number;

  /** @throws MqttError OPTION_INVALID */
  constructor(path: string) {
    try {
      this.file = openSync(path, "w");
    } catch (cause) {
      const { code = "" } = cause as NodeJS.ErrnoException;
      throw new MqttError("OPTION_INVALID", { detail: `--qoe ${path}: ${code}`, cause });
    }
  }

  /** Writes those of one run. */
  write(times: readonly ConnectionTimes[], server: LoadServer, round: number): void {
    for (const { number, reached } of [...times].sort((a, b) => a.number - b.number)) {
      const { clientIdentifier } = clientNames(server, number);
      const stages = Object.entries(FIELDS).flatMap(([stage, field]) => {
        const ns = reached[stage as ConnectionStage];
        return ns === undefined ? [] : [[field, Math.round(ns / 1_000) / 1_000] as const];
      });
      const record = { v: 1, type: "qoe", broker: server.target.url, round, number, clientId: clientIdentifier };
      writeSync(this.file, `${JSON.stringify({ ...record, ...Object.fromEntries(stages) })}\n`);
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
