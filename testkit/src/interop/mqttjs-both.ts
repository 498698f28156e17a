import ours, { type IClientOptions, type MqttClient } from "@bowline/mqttjs";
import theirs from "mqtt";
import { Recording } from "./mqttjs-recording.ts";
import { type Script, ScriptedTcpServer } from "./mqttjs-scripted-server.ts";

/** Where a scenario plays. */
export interface Stage {
  /** Makes a client and watches it. */
  connect(options?: IClientOptions): MqttClient;
  readonly server: ScriptedTcpServer;
  readonly recording: Recording;
}
export type Scenario = (stage: Stage) => Promise<void>;

export type Library = "ours" | "theirs";

/** MQTT.js and the drop-in, under the drop-in's types. */
export const libraries: Readonly<Record<Library, typeof ours>> = { ours, theirs: theirs as unknown as typeof ours };

/** Plays a scenario with one library against a server that answers by the script; what happened, in order. */
export async function runWith(library: Library, scenario: Scenario, script?: Script): Promise<string[]> {
  const server = await ScriptedTcpServer.start(script);
  const recording = new Recording();
  const clients: MqttClient[] = [];
  const connect = (options: IClientOptions = {}): MqttClient => {
    const client = libraries[library].connect(server.url, { reconnectPeriod: 20, ...options });
    clients.push(client);
    recording.watch(client);
    return client;
  };
  try {
    await scenario({ connect, server, recording });
    return [...recording.lines];
  } finally {
    for (const client of clients) endSafely(client);
    await server.close();
  }
}

/** MQTT.js throws when it is ended before it was connected. */
function endSafely(client: MqttClient): void {
  try {
    client.end(true);
  } catch (error) {
    if (client instanceof ours.MqttClient) throw error;
  }
}
