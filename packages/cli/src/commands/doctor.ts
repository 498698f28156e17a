import { MqttError } from "@bowline/protocol";
import type { DoctorOptions, LogLine } from "@bowline/doctor";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { readPem } from "../connection/tls-options.ts";
import { loginFile, PLACE_OPTIONS, protocolVersion, whoAndWhere } from "../connection-options.ts";
import type { CredentialsFile } from "../credentials-file.ts";
import { exitCodeOfReport } from "../exit-code-of-report.ts";
import { withGivenOptions } from "../given-options.ts";
import { logTail, writeSupportBundle } from "../support-bundle.ts";

export const doctor: Command = {
  usage: ["bowline doctor URL"],
  description:
    "Says why a connection fails, and what to do about it: from the name to a message that comes back.\nSends no secret to a server whose certificate does not verify.",
  options: {
    json: { type: "boolean", help: "Print one JSON document." },
    verbose: { type: "boolean", help: "Show certificates, limits of the server, and packets." },
    bundle: { type: "string", value: "FILE", help: "Write all that a support ticket needs, without secrets, to a new file." },
    log: { type: "string", value: "FILE", help: "With --bundle: put the end of this log, without secrets, into it." },
    strict: { type: "boolean", help: "End with 1 when there are warnings." },
    hold: {
      type: "string",
      value: "SECONDS",
      help: "Keep the connection that long, to see whether it stays; wait as much longer for a CONNACK.",
    },
    scan: { type: "boolean", help: "Dial the other usual ports of the host too when nothing answers." },
    topic: {
      type: "string",
      short: "t",
      value: "TOPIC",
      help: "Topic for a message to ourselves; default a random one in doctor/.",
    },
    qos: { type: "string", short: "q", value: "0|1|2", help: "Quality of service of that message; default 1." },
    alpn: { type: "string", value: "NAME", multiple: true, help: "Offer this ALPN protocol." },
    origin: { type: "string", value: "URL", help: "Send this Origin, as the page would." },
    insecure: { type: "boolean", help: "Go on with credentials past a certificate that does not verify." },
    ...PLACE_OPTIONS,
  },
  examples: [
    "bowline doctor mqtts://localhost:8883 --credentials .bowline/first-user.json",
    "bowline doctor --credentials .bowline/first-user.json --json",
    "bowline doctor --credentials .bowline/first-user.json --hold 2 --verbose",
  ],
  run: examineUrl,
};

async function examineUrl(line: CommandLine): Promise<number> {
  const file = await loginFile(line);
  const { url, username, password } = await whoAndWhere(line, file);
  const options = await doctorOptions(line, file);
  const [, extra] = line.words;
  if (extra !== undefined) throw new MqttError("USAGE", { detail: `one URL at a time: what is "${extra}"?` });
  const bundle = line.text("bundle");
  const logFile = line.text("log");
  if (logFile !== undefined && bundle === undefined)
    throw new MqttError("USAGE", { detail: "--log FILE belongs to --bundle FILE" });
  // What cannot be read is told before the examination, which may take a while.
  const tail = logFile === undefined ? undefined : await logTail(logFile);
  const { examine, printReport, reportJson } = await import("@bowline/doctor");
  const who = { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
  const log: LogLine[] = [];
  const all = { ...options, ...who };
  const isVerbose = line.flag("verbose");
  const report = await examine(url, { ...all, ...(bundle !== undefined || isVerbose ? { log: (one) => log.push(one) } : {}) });
  if (bundle !== undefined) await writeSupportBundle(bundle, { url, options: all, report, log, logTail: tail });
  const shown = withGivenOptions(report, line);
  const text = line.flag("json") ? `${reportJson(shown)}\n` : printReport(shown, isVerbose, log);
  process.stdout.write(text);
  return exitCodeOfReport(report, line.flag("strict"));
}

async function doctorOptions(line: CommandLine, file: CredentialsFile): Promise<DoctorOptions> {
  const keepAlive = line.number("keep-alive", 0, 65_535);
  const holdSeconds = line.number("hold", 1, 86_400);
  const qos = line.number("qos", 0, 2);
  const clientId = line.text("client-id");
  const version = line.text("mqtt");
  const alpn = line.list("alpn");
  return {
    ca: await pem(line, "ca", file.ca),
    cert: await pem(line, "cert"),
    key: await pem(line, "key"),
    serverName: line.text("sni"),
    connectTo: placeToConnect(line.text("connect-to")),
    origin: line.text("origin"),
    topic: line.text("topic"),
    insecure: line.flag("insecure"),
    scan: line.flag("scan"),
    ...(alpn.length === 0 ? {} : { alpnProtocols: alpn }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(holdSeconds === undefined ? {} : { holdSeconds }),
    ...(qos === undefined ? {} : { qos: qos as 0 | 1 | 2 }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(version === undefined ? {} : { protocolVersion: protocolVersion(version) }),
  };
}

async function pem(line: CommandLine, option: string, otherwise?: string): Promise<string | undefined> {
  const path = line.text(option) ?? otherwise;
  return path === undefined ? undefined : readPem(option, path);
}

function placeToConnect(text: string | undefined): DoctorOptions["connectTo"] {
  if (text === undefined) return undefined;
  const [, host, port] = /^\[?([^\]@]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined)
    throw new MqttError("USAGE", { detail: `--connect-to must be HOST:PORT, not "${text}"` });
  return { host, port: Number(port) };
}
