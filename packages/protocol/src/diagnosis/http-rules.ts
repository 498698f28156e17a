import type { ErrorCode } from "../errors/catalogue.ts";
import { clockSkewOf } from "./certificate-rules.ts";
import type { AttemptFacts, HttpFacts } from "./facts.ts";
import { findError } from "./node-error.ts";
import { type Finding, type Rule, withWords } from "./verdict.ts";

const codes: Readonly<Record<number, ErrorCode>> = {
  200: "WS_200",
  301: "WS_301",
  302: "WS_302",
  307: "WS_307",
  308: "WS_308",
  400: "WS_400",
  401: "WS_401",
  403: "WS_403",
  404: "WS_404",
  405: "WS_405",
  407: "WS_407",
  426: "WS_426",
  429: "WS_429",
  502: "WS_502",
  503: "WS_503",
  504: "WS_504",
};

/** The code of a status that is no 101. */
export const httpCode = (status: number): ErrorCode => codes[status] ?? "WS_STATUS";

/** The answer to the upgrade, from the facts or from the text of the ws package's error. */
export function upgradeAnswer(facts: AttemptFacts): HttpFacts | undefined {
  if (facts.http !== undefined) return facts.http;
  const error = findError(facts.errors, /Unexpected server response: \d{3}/);
  const status = /response: (\d{3})/.exec(error?.message ?? "")?.[1];
  return status === undefined ? undefined : { status: Number(status) };
}

const upgradeRefused: Rule = (facts) => {
  const http = upgradeAnswer(facts);
  if (http === undefined || http.status === 101) return undefined;
  const answer = `HTTP ${http.status}${http.server === undefined ? "" : ` from ${http.server}`}`;
  const evidence = withWords(answer, wordsOf(http));
  if (facts.tls?.alpnChosen === "h2") return { code: "WS_H2", evidence: `${evidence}, and HTTP/2 was chosen` };
  // "The plain HTTP request was sent to HTTPS port" of nginx, and what our own TLS ports answer.
  if (http.status === 400 && facts.target?.scheme === "ws" && /https|\btls\b/i.test(http.bodyStart ?? "")) {
    return { code: "WS_TO_TLS", evidence: `${answer}: ${http.bodyStart!.trim().slice(0, 100)}` };
  }
  // And what our own ports without WebSocket answer.
  if (http.status === 400 && /speaks (plain MQTT|MQTT over TLS)/.test(http.bodyStart ?? "")) {
    return { code: "WS_TO_TCP", evidence: `${answer}: ${http.bodyStart!.trim().slice(0, 100)}` };
  }
  const code = httpCode(http.status);
  const skew = http.status === 403 || http.status === 401 ? clockSkewOf(facts) : undefined;
  if (skew !== undefined) return { ...skew, candidates: ["CLOCK_SKEW", code] };
  const hints = hintsFor(http);
  if (http.status === 403 && http.hadOrigin === true)
    return { code, evidence, hints: [originHint], candidates: [code, "B_ORIGIN"] };
  if (code === "WS_STATUS" && http.status < 500) return { code, evidence, hints, retry: "new-input" };
  return { code, evidence, hints };
};

const wordsMax = 200;

/** What the server says of it, in one line that steers no terminal; a page for people is no such word. */
function wordsOf({ bodyStart = "", contentType = "" }: HttpFacts): string | undefined {
  const words = bodyStart.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return words === "" || /html/i.test(contentType) || words.startsWith("<") ? undefined : words.slice(0, wordsMax);
}

function hintsFor(http: HttpFacts): readonly string[] {
  const hints: string[] = [];
  if (http.location !== undefined) hints.push(`It points to ${http.location}; use wss:// or ws:// with that host and path.`);
  if (http.retryAfter !== undefined) hints.push(`The server asks to wait: Retry-After ${http.retryAfter}.`);
  if (http.wwwAuthenticate !== undefined)
    hints.push(`It asks for ${http.wwwAuthenticate.split(/[ ,]/)[0] ?? "credentials"} credentials.`);
  if (http.upgrade !== undefined) hints.push(`It offers an upgrade to ${http.upgrade}.`);
  if (http.amznErrorType !== undefined) hints.push(`AWS calls it ${http.amznErrorType}.`);
  if (http.status === 502) hints.push(nginxHint);
  if (http.status === 404) hints.push("Common paths: /mqtt (EMQX, HiveMQ, AWS, VerneMQ), /ws (RabbitMQ), / (mosquitto takes any).");
  return hints;
}

const originHint = "The request named an Origin: the server may want another or none.";

const nginxHint =
  'nginx needs: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';

const subprotocol: Rule = (facts) => {
  const missing = findError(facts.errors, /Server sent no subprotocol|no response was received/);
  if (missing !== undefined) return { code: "WS_NO_SUBPROTO_REPLY", evidence: "101 without Sec-WebSocket-Protocol" };
  const wrong = findError(facts.errors, /invalid subprotocol|in response does not match/);
  if (wrong !== undefined) return { code: "WS_WRONG_SUBPROTO", evidence: "the answer names another subprotocol" };
  return chosenSubprotocol(facts);
};

function chosenSubprotocol({ ws, milestone }: AttemptFacts): Finding | undefined {
  if (ws?.everOpened !== true || ws.chosen === undefined || milestone === "accepted") return undefined;
  if (ws.offered?.length === 0) return { code: "WS_SUBPROTO_NOT_OFFERED", evidence: "the request had no Sec-WebSocket-Protocol" };
  if (ws.chosen === "") return { code: "WS_NO_SUBPROTO_REPLY", evidence: "101 without Sec-WebSocket-Protocol" };
  const isOurs = ws.offered === undefined || ws.offered.includes(ws.chosen);
  return isOurs ? undefined : { code: "WS_WRONG_SUBPROTO", evidence: `the server chose "${ws.chosen}"` };
}

/** The upgrade to a WebSocket that was not granted as asked. */
export const httpRules: readonly Rule[] = [upgradeRefused, subprotocol];
