import { Examination } from "./examination.ts";
import { hideSecrets, secretsOf } from "./hide-secrets.ts";
import type { DoctorOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { reportOf } from "./report-of.ts";
import type { LogLine } from "./run-log.ts";

/**
 * Finds out why a connection to a broker fails, or that it does not. Within 5 s, unless it is to hold the connection. Never rejects for
 * what it finds; sends nothing secret to a server whose certificate does not verify, unless told to.
 */
export async function examine(url: string, options: DoctorOptions = {}): Promise<Report> {
  const startedAt = performance.now();
  const secrets = secretsOf(url, options);
  const { log } = options;
  const heard = log === undefined ? {} : { log: (line: LogLine) => log(hideSecrets(line, secrets)) };
  const examination = new Examination({ ...options, ...heard });
  await examination.run(url);
  return reportOf(examination.notes, url, startedAt, secrets);
}
