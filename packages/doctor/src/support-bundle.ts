import { redactText } from "@bowline/protocol/internal";
import { hideSecrets, secretsOf } from "./hide-secrets.ts";
import type { DoctorOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { plain } from "./report-json.ts";
import type { LogLine } from "./run-log.ts";

/** Of the options that a bundle tells as they are; of all others it tells only that they were given. */
const harmless: ReadonlySet<string> = new Set([
  "keepAlive",
  "protocolVersion",
  "serverName",
  "alpnProtocols",
  "connectTo",
  "insecure",
  "scan",
  "topic",
  "qos",
  "retain",
  "payloadBytes",
  "holdSeconds",
]);

/** What a bundle is made of. */
export interface BundleParts {
  readonly url: string;
  readonly options: DoctorOptions;
  readonly report: Report;
  /** What the run did. */
  readonly log: readonly LogLine[];
  /** Whose connection it is: name, version, and what it runs on. */
  readonly client: Readonly<Record<string, string | undefined>>;
  /** The end of a log file of the client that fails. */
  readonly logTail?: string | undefined;
}

/**
 * All that a support ticket needs, ready for JSON: deployment, client and version, options without secrets, the report with its facts,
 * and logs. `schema/bundle-v1.json` describes it.
 */
export function supportBundle({ url, options, report, log, client, logTail }: BundleParts): Readonly<Record<string, unknown>> {
  const { provider } = report;
  const tail = logTail === undefined ? undefined : hideSecrets(redactText(logTail), secretsOf(url, options));
  return {
    v: 1,
    type: "doctor-bundle",
    writtenAt: new Date().toISOString(),
    deployment: { url: report.url, ...(provider === undefined ? {} : { provider }) },
    client,
    options: shownOptions(options),
    report: plain(report),
    log,
    ...(tail === undefined ? {} : { logTail: tail.split("\n") }),
  };
}

function shownOptions(options: DoctorOptions): Readonly<Record<string, unknown>> {
  const given = Object.entries(options as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, harmless.has(name) ? value : "[given]"]));
}
