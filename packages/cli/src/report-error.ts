import { styleText } from "node:util";
import { errorInfo, MqttError } from "@bowline/protocol";
import { type ExitCode, ExitCode as Exit, exitCodeOf } from "./exit-code.ts";

/** Prints an error for people: what failed, what to do, where to read more. Returns the exit code it stands for. */
export function reportError(error: unknown, isDebugging: boolean): ExitCode {
  if (!MqttError.is(error)) return reportBug(error, isDebugging);
  // Whoever interrupts knows what happened.
  if (error.code === "ABORTED") return exitCodeOf(error);
  // The message begins with the code, which stands in brackets here.
  const text = error.message.startsWith(`${error.code}: `) ? error.message.slice(error.code.length + 2) : error.message;
  const lines = [`${paint(`error[${error.code}]`)} ${printable(text)}`];
  // For a wrong command line the caller names the help to read, which is all the catalogue could say.
  if (error.remedy !== errorInfo("USAGE").remedy) lines.push(`  ${inFlags(error.remedy)}`);
  for (const hint of error.details?.hints ?? []) if (hint !== error.remedy) lines.push(`  ${inFlags(hint)}`);
  const known = adviceAtOwnBroker(error.code, text);
  if (known !== undefined) lines.push(`  ${known}`);
  if (error.code !== "USAGE") lines.push(`  More: bowline explain ${error.code}`);
  if (isDebugging) lines.push(stackOf(error));
  process.stderr.write(`${lines.join("\n")}\n`);
  return exitCodeOf(error);
}

/** Who added a user at this broker knows the password, and seldom that its authority has to be named and that it needs a rule. */
function adviceAtOwnBroker(code: string, text: string): string | undefined {
  if (code === "TLS_UNKNOWN_CA" && text.includes("Bowline local CA"))
    return "This broker's is ca.pem in its data folder, such as .bowline/ca.pem.";
  if (!/no rule (?:matches|allows)/.test(text)) return undefined;
  if (code === "PUB_DENIED") return "Where the broker runs: bowline acl add allow publish TOPIC --user NAME";
  return code === "SUB_DENIED" ? "Where the broker runs: bowline acl add allow subscribe FILTER --user NAME" : undefined;
}

function reportBug(error: unknown, isDebugging: boolean): ExitCode {
  const message = error instanceof Error ? error.message : String(error);
  const advice = isDebugging ? stackOf(error) : `  ${adviceFor(error)}`;
  process.stderr.write(`${paint("error[INTERNAL]")} ${printable(message)}\n${advice}\n`);
  return Exit.Failed;
}

function adviceFor(error: unknown): string {
  // As after a pull that brought a dependency.
  if ((error as { code?: unknown } | undefined)?.code === "ERR_MODULE_NOT_FOUND")
    return "Something is not installed: run npm ci in a checkout, or npm install where Bowline is a dependency.";
  return "This is a bug of Bowline. Run it again with --debug and report what it prints.";
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

/** Advice names the options of the library; here they are flags. */
function inFlags(advice: string): string {
  return printable(advice)
    .replace(/`(ca|cert|key)`/g, "--$1 FILE")
    .replace("identity and key of `psk`", "--psk-identity and its key")
    .replace("set `servername`", "give --sni NAME");
}

// What a server says is shown, and must not steer the terminal.
function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?");
}

/** Follows NO_COLOR, FORCE_COLOR, and whether standard error is a terminal that has colours. */
function paint(text: string): string {
  const where = { stream: process.stderr };
  // One after the other: given both at once, Node 20 paints whatever it is told.
  return styleText("bold", styleText("red", text, where), where);
}
