import type { MqttError } from "@bowline/protocol";

/** What every command ends with. Scripts rely on these numbers. */
export const ExitCode = {
  Well: 0,
  /** The thing asked for failed. */
  Failed: 1,
  WrongUsage: 2,
  /** No server, or no usable one, at the address. */
  Unreachable: 3,
  /** The server answered, and refused who asked or what was asked for. */
  Refused: 4,
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: MqttError): ExitCode {
  if (error.code === "ABORTED") return ExitCode.Interrupted;
  // Whoever names a file that is not there has mistyped it, as with any other option.
  if (error.code === "CONFIG_UNREADABLE") return ExitCode.WrongUsage;
  switch (error.stage) {
    case "input":
    case "config":
      return error.source === "usage" ? ExitCode.WrongUsage : ExitCode.Failed;
    case "admin":
      return adminExitCode(error);
    case "storage":
    case "internal":
      return ExitCode.Failed;
    case "authz":
      return ExitCode.Refused;
    case "dns":
    case "tcp":
    case "proxy":
    case "tls":
    case "http":
    case "ws":
    case "mqtt":
    case "session":
      return connectionExitCode(error);
    default:
      return ExitCode.Failed;
  }
}

function adminExitCode(error: MqttError): ExitCode {
  if (error.code === "ADMIN_UNREACHABLE") return ExitCode.Unreachable;
  return error.code === "ADMIN_REFUSED" ? ExitCode.Refused : ExitCode.Failed;
}

/** New credentials would help: refused. Everything else that ends an attempt means that no usable server is there. */
function connectionExitCode(error: MqttError): ExitCode {
  if (error.retry === "new-credentials") return ExitCode.Refused;
  return error.stage === "session" || PUBLISHING_FAULTS.has(error.code) ? ExitCode.Failed : ExitCode.Unreachable;
}

/** Answers to one message or subscription, over a connection that works. */
const PUBLISHING_FAULTS: ReadonlySet<string> = new Set([
  "PUBLISH_REFUSED",
  "UNSUBSCRIBE_REFUSED",
  "QOS_UNSUPPORTED",
  "RETAIN_UNSUPPORTED",
  "WILDCARD_UNSUPPORTED",
  "SHARED_UNSUPPORTED",
  "SUBID_UNSUPPORTED",
  "PACKET_TOO_LARGE",
  "PAYLOAD_FORMAT",
  "TOPIC_NAME",
]);
