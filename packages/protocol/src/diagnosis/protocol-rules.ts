import type { AttemptFacts } from "./facts.ts";
import { classifyFirstBytes, printable, type SpokenProtocol } from "./first-bytes.ts";
import { findError, textOf } from "./node-error.ts";
import { isTlsScheme, isWebSocketScheme } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

const services: Partial<Readonly<Record<SpokenProtocol, string>>> = {
  ssh: "SSH",
  "smtp-or-ftp": "SMTP or FTP",
  redis: "Redis",
  amqp: "AMQP",
  nats: "NATS",
};

/** Bytes of a protocol that is known, where MQTT was expected. */
export const wrongProtocol: Rule = (facts) => {
  if (facts.firstBytes === undefined || facts.firstBytes.length === 0 || facts.connack !== undefined) return undefined;
  const spoken = classifyFirstBytes(facts.firstBytes);
  const line = `the answer begins with "${printable(facts.firstBytes)}"`;
  const service = services[spoken];
  const isTls = isTlsScheme(facts);
  const port = facts.target?.port ?? "";
  if (service !== undefined) return { code: "WRONG_SERVICE", evidence: `port ${port} speaks ${service}: ${line}` };
  if (spoken === "http") return { code: isTls ? "MQTT_TO_HTTPS" : "MQTT_TO_HTTP", evidence: line };
  if (spoken === "tls-alert" || spoken === "tls-handshake") return spokeTls(facts, isTls);
  if (spoken !== "unknown" || facts.spokeFirst !== true) return undefined;
  return { code: "WRONG_SERVICE", evidence: `the server speaks first: ${line}` };
};

function spokeTls(facts: AttemptFacts, isTls: boolean): Finding | undefined {
  if (isTls) return undefined;
  return { code: isWebSocketScheme(facts) ? "WS_TO_TLS" : "PLAIN_TO_TLS", evidence: "the answer is a TLS record" };
}

/** The texts of parsers that met another protocol, where the bytes themselves were not kept. */
export const parserComplaint: Rule = (facts) => {
  const error = findError(facts.errors, /HPE_INVALID_CONSTANT|Expected HTTP\/|ERR_INVALID_HTTP_RESPONSE|Parse Error/);
  return error === undefined
    ? undefined
    : { code: "WRONG_SERVICE", evidence: textOf(error).trim(), hints: ["The port answers, but not in HTTP."] };
};
