import { MosquittoProcess } from "../interop/mosquitto-process.ts";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";

/** What a test of stores needs of a broker, whoever made it; it keeps its sessions when it is stopped. */
export interface AnyBroker {
  readonly url: string;
  readonly credentials: { username: string; password: string };
  readonly ca: string;
  stop(): Promise<unknown>;
  /** With the same port and what it kept. */
  startAgain(): Promise<void>;
  remove(): Promise<void>;
}

export interface BrokerChoice {
  readonly name: string;
  /** Why it cannot be started here, or empty. */
  readonly missing: string;
  readonly start: () => Promise<AnyBroker>;
}

/** Ours and mosquitto, with one listener of that kind. Ours needs the built packages. */
export function anyBrokers(scheme: "mqtts" | "ws"): BrokerChoice[] {
  const path = scheme === "ws" ? "/mqtt" : "";
  return [
    {
      name: "our broker",
      missing: "",
      start: async () => {
        const broker = await BowlineProcess.start("--listen", `${scheme}://localhost:0${path}`, "--no-console");
        const ca = scheme === "ws" ? "" : String(await broker.ca());
        const made = { url: broker.urls[0] as string, credentials: await broker.user(), ca };
        return { ...made, stop: () => broker.stop(), startAgain: () => broker.startAgain(), remove: () => broker.remove() };
      },
    },
    {
      name: "mosquitto",
      missing: missingPrograms("mosquitto", "mosquitto_passwd"),
      start: async () => {
        const broker = await MosquittoProcess.start();
        const made = { url: broker.url(scheme), credentials: broker.user, ca: broker.ca };
        return { ...made, stop: () => broker.stop(), startAgain: () => broker.startAgain(), remove: () => broker.remove() };
      },
    },
  ];
}
