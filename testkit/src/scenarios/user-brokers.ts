import { MosquittoProcess } from "../interop/mosquitto-process.ts";
import { LocalServer } from "../chaos/local-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";

/** A real broker whose users a test makes and changes. */
export interface UserBroker {
  url(scheme: "mqtt" | "ws"): string;
  /** Adds a user, or gives one another password. */
  setPassword(username: string, password: string): Promise<void>;
  close(): Promise<void>;
}

export interface UserBrokerChoice {
  readonly name: string;
  /** Why it cannot be started here, or empty. */
  readonly missing: string;
  readonly start: () => Promise<UserBroker>;
}

/** Ours in this process, and mosquitto. */
export const userBrokers: readonly UserBrokerChoice[] = [
  { name: "our broker", missing: "", start: startOurs },
  { name: "mosquitto", missing: missingPrograms("mosquitto", "mosquitto_passwd"), start: startMosquitto },
];

async function startOurs(): Promise<UserBroker> {
  const local = await LocalServer.start({ anonymous: false, listen: ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0/mqtt"] });
  const { users, listeners } = local.server;
  return {
    url: (scheme) => listeners.find((one) => one.startsWith(scheme))!,
    setPassword: async (username, password) => {
      if (users.list("default").some((one) => one.username === username)) await users.setPassword("default", username, password);
      else await users.add("default", username, password);
    },
    close: () => local.close(),
  };
}

async function startMosquitto(): Promise<UserBroker> {
  const mosquitto = await MosquittoProcess.start();
  return {
    url: (scheme) => `${mosquitto.url(scheme)}${scheme === "ws" ? "/mqtt" : ""}`,
    setPassword: (username, password) => mosquitto.setPassword(username, password),
    close: () => mosquitto.remove(),
  };
}
