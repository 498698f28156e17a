import { cloudHosts } from "./certificates.ts";
import type { Farm } from "./farm.ts";
import { type PageRow, pageOptions } from "./page-row.ts";
import { awsHost, awsRows } from "./rows.ts";

/** What a page cannot meet: it names its server always, has no ALPN, and AWS takes no certificates over WebSocket. */
const notInPages: ReadonlySet<string> = new Set(["AWS_SNI", "AWS_ALPN", "AWS_CERT_INACTIVE"]);

/** A URL as a signer makes it, but for the signature itself. */
function signedPath(now: Date = new Date()): string {
  const [time = ""] = now.toISOString().replace(/[-:]/g, "").split(".");
  const scope = encodeURIComponent(`AKIAFARM/${time.slice(0, 8)}/eu-west-1/iotdevicegateway/aws4_request`);
  const times = `X-Amz-Date=${time}Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host`;
  return `/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${scope}&${times}&X-Amz-Signature=0`;
}

/** Where pages find the providers, and where another machine does, which has no names of its own. */
const outsideOf = (farm: Farm, url: string, options: PageRow["options"], ids: readonly string[]): PageRow["outside"] => ({
  url,
  options: {
    ...options,
    ca: farm.certificates.root.cert,
    connectTo: { host: "127.0.0.1", port: farm.port("clouds") },
    resolver: { lookup: () => Promise.resolve(["127.0.0.1"]), resolveCname: () => Promise.resolve(undefined) },
  },
  ids,
});

type Maker = (id: string, url: string, more?: Partial<PageRow>) => PageRow;

/** One row at a provider's, whose other attempts are let in at that address. */
const rowsAt =
  (warmUrl: string): Maker =>
  (id, url, more = {}) => ({ id, url, warmUrl, options: {}, kind: "plain", told: "surely", ...more });

/** Chapter 8: what AWS refuses at the upgrade has no status in a page; what it closes later has the same end as elsewhere. */
function awsPageRows(farm: Farm): readonly PageRow[] {
  const signed = `wss://${awsHost}${signedPath()}`;
  const authorized = `wss://${awsHost}/mqtt?x-amz-customauthorizer-name=auth`;
  const at = rowsAt(authorized);
  const rows = awsRows(farm).filter(({ id }) => !notInPages.has(id) && id !== "AWS_ENDPOINT");
  const later = rows.filter(({ url }) => url.startsWith("mqtts:"));
  const atUpgrade = rows.filter(({ url }) => url.startsWith("wss:"));
  const refused = (id: string, url: string, options: PageRow["options"]): PageRow =>
    at(id, url, {
      options,
      told: "one of",
      says: "WS_UPGRADE_REFUSED",
      outside: outsideOf(farm, url, options, id.startsWith("AWS_AUTHORIZER_") ? [id, "AWS_AUTHORIZER_LAMBDA"] : [id]),
    });
  const old = `wss://${cloudHosts.oldAws}/mqtt?x-amz-customauthorizer-name=auth`;
  return [
    ...later.map((row) =>
      at(row.id, row.id === "AWS_POLICY_DOC" ? authorized : signed, {
        options: pageOptions(row.options ?? {}),
        told: row.mayDoubt === true ? "one of" : "surely",
      }),
    ),
    ...atUpgrade
      .filter(({ id }) => id !== "AWS_SIGV4")
      .map((row) => ({ ...refused(row.id, row.url, pageOptions(row.options ?? {})), ...leadOf(row) })),
    { ...refused("AWS_SIGV4", `${signed}&denied=1`, {}), leads: "AWS_SIGV4" },
    at("AWS_SIGV4", `wss://${awsHost}/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&denied=1`),
    at("AWS_SIGV4", `wss://${awsHost}${signedPath(new Date(Date.now() - 2 * 86_400_000))}&denied=1`),
    at("WS_404", `wss://${awsHost}/ws?x-amz-customauthorizer-name=auth`),
    { ...at("AWS_ENDPOINT", old, { told: "handshake" }), outside: outsideOf(farm, old, {}, ["AWS_ENDPOINT"]) },
  ];
}

/** Whoever sends no signature has an authorizer that wants none more often than one that does. */
const leadOf = ({ id, url }: { readonly id: string; readonly url: string }): { readonly leads: string } => ({
  leads: id === "AWS_AUTHORIZER_SIG" && !url.includes("signature") ? "AWS_AUTHORIZER_LAMBDA" : id,
});

/** The other providers. */
export function cloudRows(farm: Farm): readonly PageRow[] {
  const { emqx, hiveMq, azure, alias } = cloudHosts;
  const someone = { username: "rc=134", password: "wrong one" };
  const hub = `wss://${azure}/$iothub/websocket`;
  const aliasUrl = `wss://${alias}:8084/mqtt`;
  const [atEmqx, atHiveMq, atAzure] = [`wss://${emqx}:8084/mqtt`, `wss://${hiveMq}:8884/mqtt`, hub].map(rowsAt) as [
    Maker,
    Maker,
    Maker,
  ];
  const signature = "SharedAccessSignature sr=farm&sig=x&se=1700000000";
  return [
    ...awsPageRows(farm),
    atEmqx("NOT_AUTHORIZED", `wss://${emqx}:8084/mqtt`),
    atEmqx("BAD_CREDENTIALS", `wss://${emqx}:8084/mqtt`, { options: someone }),
    atEmqx("WS_404", `wss://${emqx}:8084/`),
    { ...atEmqx("TLS_SNI", aliasUrl, { told: "one of" }), outside: outsideOf(farm, aliasUrl, {}, ["TLS_SNI"]) },
    atHiveMq("NOT_AUTHORIZED", `wss://${hiveMq}:8884/mqtt`),
    atHiveMq("WS_404", `wss://${hiveMq}:8884/`),
    atAzure("BAD_CREDENTIALS", hub, { options: someone }),
    atAzure("JWT_EXPIRED", hub, { options: { username: "rc=135", password: signature } }),
  ];
}
