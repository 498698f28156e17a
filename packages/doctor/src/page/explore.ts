import type { AttemptFacts, PageProbeFacts } from "@bowline/protocol/internal";
import type { Budget } from "../budget.ts";
import type { ClientSettings } from "../client-settings.ts";
import { askHttp } from "./ask-http.ts";
import { isLoopback } from "./local-network.ts";
import { openWebSocket, opens } from "./open-web-socket.ts";
import { urlOf } from "./page-attempt.ts";

const askMs = 1200;
const openMs = 1000;
const usualPaths = ["/mqtt", "/", "/ws"];
const olderSubprotocol = "mqttv3.1";

/** What the page can still find out where a WebSocket did not open. Nothing secret is sent: queries stay away. */
export async function explore(settings: ClientSettings, budget: Budget): Promise<Pick<AttemptFacts, "healedBy"> & Explored> {
  const place = { ...settings, path: settings.path.replace(/\?.*/s, "") };
  const [same, own] = await Promise.all([
    askHttp(urlOf({ ...place, scheme: httpOf(settings.scheme) }), "no-cors", budget.upTo(askMs)),
    ownServer(settings.host, budget),
  ]);
  const probe = { ...(same.outcome === undefined ? {} : { fetch: same.outcome }), fetchMs: Math.round(same.ms), ...own };
  const isAnswered = same.outcome === "resolved";
  const hasQuery = place.path !== settings.path;
  const [under, further, opensWithoutQuery] = await Promise.all([
    underOtherScheme(place, budget),
    isAnswered ? atAnswering(place, budget) : {},
    isAnswered && hasQuery && opens(urlOf(place), place.subprotocols, budget.upTo(openMs)),
  ]);
  return { ...under, probe: { ...probe, ...under.probe, ...further, ...(opensWithoutQuery ? { opensWithoutQuery } : {}) } };
}

/** Whether the server that the page came from is still there, and what time it is by its clock. */
async function ownServer(host: string, budget: Budget): Promise<PageProbeFacts> {
  const { location } = globalThis as unknown as Partial<Window>;
  if (location === undefined || !/^https?:$/.test(location.protocol)) return {};
  const { outcome, dateMs } = await askHttp("/", "own", budget.upTo(askMs));
  return {
    ...(outcome === undefined ? {} : { ownOrigin: outcome }),
    ...(dateMs === undefined ? {} : { dateMs }),
    isOwnHost: location.hostname.replace(/^\[|\]$/g, "") === host,
  };
}

interface Explored {
  readonly probe: PageProbeFacts;
}

const httpOf = (scheme: string): "http" | "https" => (scheme === "wss" ? "https" : "http");

type Place = ClientSettings;

/** Whether the same port answers with TLS, or without. */
async function underOtherScheme(place: Place, budget: Budget): Promise<Pick<AttemptFacts, "healedBy"> & Explored> {
  const isSecure = place.scheme === "wss";
  const isFromSecurePage = globalThis.location?.protocol === "https:";
  // A page that came over https may ask nothing without TLS, except of this machine.
  if (isSecure && isFromSecurePage && !isLoopback(place.host)) return { probe: {} };
  const other = { ...place, scheme: isSecure ? ("ws" as const) : ("wss" as const) };
  const [opening, { outcome }] = await Promise.all([
    openWebSocket(urlOf(other), place.subprotocols, budget.upTo(openMs)),
    askHttp(urlOf({ ...place, scheme: httpOf(other.scheme) }), "no-cors", budget.upTo(openMs)),
  ]);
  opening.socket?.close();
  const hasOpened = opening.outcome === "open";
  // Only TLS that was verified is a proof: a plain request is answered by many a TLS port too, with a complaint.
  if (hasOpened || (!isSecure && outcome === "resolved")) return { healedBy: [isSecure ? "plain" : "tls"], probe: {} };
  return { probe: isSecure && outcome === "resolved" ? { answersPlainHttp: true } : {} };
}

/** What is wrong with the upgrade, where HTTP is answered. */
async function atAnswering(place: Place, budget: Budget): Promise<PageProbeFacts> {
  const url = urlOf(place);
  const paths = usualPaths.filter((path) => path !== place.path);
  const [answer, without, older, ...others] = await Promise.all([
    askHttp(urlOf({ ...place, scheme: httpOf(place.scheme) }), "cors", budget.upTo(openMs)),
    opens(url, [], budget.upTo(openMs)),
    opens(url, [olderSubprotocol], budget.upTo(openMs)),
    ...paths.map((path) => opens(urlOf({ ...place, path }), place.subprotocols, budget.upTo(openMs))),
  ]);
  const otherPath = paths[others.indexOf(true)];
  return {
    ...(answer.status === undefined ? {} : { status: answer.status }),
    ...(answer.isRedirected === true ? { isRedirected: true } : {}),
    ...protocolOf(urlOf({ ...place, scheme: httpOf(place.scheme) })),
    opensWithoutSubprotocol: without,
    opensWithOlderSubprotocol: older,
    ...(otherPath === undefined ? {} : { otherPath }),
  };
}

/** What the browser writes down of a request says it, where the server lets pages read that. */
function protocolOf(url: string): Pick<PageProbeFacts, "protocol"> {
  const [entry] = performance.getEntriesByName(url).slice(-1) as PerformanceResourceTiming[];
  const protocol = entry?.nextHopProtocol ?? "";
  return protocol === "" ? {} : { protocol };
}
