import type { Report } from "@bowline/doctor";
import type { CommandLine } from "./command-line.ts";

type Finding = Report["findings"][number];

/** What a run is made of, but for the URL and the user name, which reports do not repeat. */
const REPEATED =
  "profile credentials password-file password-env password-stdin ca cert key insecure sni connect-to alpn origin client-id mqtt keep-alive topic qos hold".split(
    " ",
  );

/** The report with the options of its run in each command that runs the doctor again, so that a copy asks what this one asked. */
export function withGivenOptions(report: Report, line: CommandLine): Report {
  const mended = (finding: Finding): Finding => ({
    ...finding,
    fix: finding.fix.map((fix) => (fix.command === undefined ? fix : { ...fix, command: withOptions(fix.command, line) })),
  });
  const { cause, findings } = report;
  return { ...report, cause: cause === null ? null : mended(cause), findings: findings.map(mended) };
}

function withOptions(command: string, line: CommandLine): string {
  if (!command.startsWith("bowline doctor ")) return command;
  const isSaid = (flag: string): boolean => ` ${command} `.includes(` ${flag} `);
  const words = REPEATED.filter((name) => !isSaid(`--${name}`) && !(name.startsWith("password-") && isSaid("-u"))).flatMap((name) =>
    wordsOf(name, line),
  );
  const who = line.text("username") === undefined || isSaid("-u") ? [] : ["-u NAME"];
  return [command, ...who, ...words].join(" ");
}

/** An option as it was given, for a command line to copy; nothing when it was not. */
export function wordsOf(name: string, line: CommandLine): readonly string[] {
  if (line.flag(name)) return [`--${name}`];
  const value = line.text(name);
  return (value === undefined ? line.list(name) : [value]).map((each) => `--${name} ${inShell(each)}`);
}

/** As one word of a shell. */
export function inShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
