/*
 * What pages and workers load besides a package: one classic script, since a service worker imports nothing later, and a worker
 * with importScripts nothing at all. It leaves one name, with which the script of the place starts the cases.
 */
import type mqttjs from "@bowline/mqttjs";
import { type CaseResult, type CaseSetting, runCases } from "./case.ts";
import { clientCases, type ClientPackage } from "./client-cases.ts";
import { dropInCases } from "./drop-in-cases.ts";

/** What comes back from a run. */
export interface PageReport {
  /** The name of the global object's class, which tells pages and kinds of workers apart. */
  readonly scope: string;
  readonly userAgent: string;
  readonly results: readonly CaseResult[];
}

/** `base` is the address of the run, whose files are `setting` and `results`. */
interface PageSuite {
  client(base: string, client: ClientPackage): Promise<void>;
  mqttjs(base: string, mqtt: typeof mqttjs): Promise<void>;
  failed(base: string, error: unknown): Promise<void>;
}

const suite: PageSuite = {
  async client(base, client) {
    await report(base, await runCases(clientCases(client, await settingOf(base))));
  },
  async mqttjs(base, mqtt) {
    await report(base, await runCases(dropInCases(mqtt, await settingOf(base))));
  },
  async failed(base, error) {
    await report(base, [{ name: "the script is loaded", ms: 0, error: String(error) }]);
  },
};

async function settingOf(base: string): Promise<CaseSetting> {
  return (await (await fetch(`${base}setting`)).json()) as CaseSetting;
}

async function report(base: string, results: readonly CaseResult[]): Promise<void> {
  const told: PageReport = { scope: globalThis.constructor.name, userAgent: navigator.userAgent, results };
  await fetch(`${base}results`, { method: "POST", body: JSON.stringify(told) });
}

(globalThis as unknown as { bowlineSuite: PageSuite }).bowlineSuite = suite;
