import { randomBytes } from "node:crypto";
import { MqttError, type QoS, type SubscriptionRequest } from "@bowline/protocol";
import { matches } from "@bowline/protocol/internal";
import { z } from "zod";
import type { Deployment, SessionView } from "../tenants/deployment.ts";
import { emqxClient, emqxPage, emqxSubscriptions, isAskedFor } from "./emqx-clients.ts";
import { readBody } from "./read-json.ts";
import type { TenantApp, TenantContext } from "./tenant-env.ts";

/** A payload of 16 MiB in base64, and what is round it. */
const PUBLISH_BYTES_MAX = 24 * 1024 * 1024;
const BULK_MAX = 1_000;
/** Reason Code 0x10, No matching subscribers. */
const NO_MATCHING_SUBSCRIBERS = 16;

const qos: z.ZodType<QoS> = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const flag = z.union([z.boolean(), z.literal(0), z.literal(1)]).transform(Boolean);
const subscription = z.object({
  topic: z.string().min(1),
  qos: qos.default(0),
  nl: flag.default(false),
  rap: flag.default(false),
  rh: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(0),
});
const filter = z.object({ topic: z.string().min(1) });
const message = z.object({
  topic: z.string().min(1),
  payload: z.string().default(""),
  payload_encoding: z.enum(["plain", "base64"]).default("plain"),
  qos: qos.default(0),
  retain: flag.default(false),
});

/** Clients, Subscriptions and messages as EMQX's API has them: whoever wrote scripts for it keeps them. */
export function addEmqxRoutes(app: TenantApp): void {
  app.get("/clients", (c) => {
    const query = c.req.query();
    const found = clientsOf(c).filter((client) => isAskedFor(client, query));
    return c.json(emqxPage(c, found.map(emqxClient)));
  });
  app.get("/clients/:clientid", (c) => c.json(emqxClient(clientIn(c))));
  app.delete("/clients/:clientid", (c) => {
    clientIn(c);
    for (const { session } of clientsOf(c)) if (session.clientIdentifier === idIn(c)) deploymentIn(c).forgetSession(session);
    return c.body(null, 204);
  });
  app.get("/clients/:clientid/subscriptions", (c) => c.json(emqxSubscriptions(clientIn(c))));
  app.post("/clients/:clientid/subscribe", async (c) => {
    const [granted] = await subscribe(c, [await readBody(c, subscription)]);
    return c.json(granted);
  });
  app.post("/clients/:clientid/subscribe/bulk", async (c) =>
    c.json(await subscribe(c, await readBody(c, z.array(subscription).max(BULK_MAX)))),
  );
  app.post("/clients/:clientid/unsubscribe", async (c) => unsubscribe(c, [await readBody(c, filter)]));
  app.post("/clients/:clientid/unsubscribe/bulk", async (c) => unsubscribe(c, await readBody(c, z.array(filter).max(BULK_MAX))));
  app.get("/subscriptions", (c) => c.json(emqxPage(c, subscriptionsOf(c))));
  app.post("/publish", async (c) => {
    const answer = await publish(c, await readBody(c, message, PUBLISH_BYTES_MAX));
    return "id" in answer ? c.json(answer) : c.json(answer, 202);
  });
  app.post("/publish/bulk", async (c) => {
    const messages = await readBody(c, z.array(message).max(BULK_MAX), PUBLISH_BYTES_MAX);
    const answers: object[] = [];
    for (const each of messages) answers.push(await publish(c, each));
    return c.json(answers, answers.every((answer) => "id" in answer) ? 200 : 202);
  });
}

async function subscribe(c: TenantContext, asked: readonly z.infer<typeof subscription>[]): Promise<object[]> {
  const { session } = clientIn(c);
  const requests = asked.map(({ topic, qos: wanted, nl, rap, rh }): SubscriptionRequest => {
    return { topicFilter: topic, qos: wanted, noLocal: nl, retainAsPublished: rap, retainHandling: rh };
  });
  const granted = await deploymentIn(c).subscribe(session, requests);
  const refused = granted.find(({ reasonCode }) => reasonCode >= 0x80);
  if (refused !== undefined && granted.length === 1) {
    const code = `0x${refused.reasonCode.toString(16)}`;
    throw new MqttError("OPTION_INVALID", { detail: `${refused.topicFilter} was refused to the client (${code})` });
  }
  return granted.map(({ topicFilter, reasonCode }) => ({
    clientid: session.clientIdentifier,
    topic: topicFilter,
    qos: reasonCode,
  }));
}

async function unsubscribe(c: TenantContext, asked: readonly { topic: string }[]): Promise<Response> {
  await deploymentIn(c).unsubscribe(
    clientIn(c).session,
    asked.map(({ topic }) => topic),
  );
  return c.body(null, 204);
}

async function publish(
  c: TenantContext,
  { topic, payload, payload_encoding, ...options }: z.infer<typeof message>,
): Promise<object> {
  const bytes = Buffer.from(payload, payload_encoding === "base64" ? "base64" : "utf8");
  const isReceived = await deploymentIn(c).publish(topic, bytes, options);
  if (isReceived) return { id: randomBytes(16).toString("hex").toUpperCase() };
  return { reason_code: NO_MATCHING_SUBSCRIBERS, message: "no_matching_subscribers" };
}

function subscriptionsOf(c: TenantContext): object[] {
  const { clientid, topic, qos: wanted, match_topic: matched } = c.req.query();
  return clientsOf(c)
    .flatMap(emqxSubscriptions)
    .filter((each) => clientid === undefined || each.clientid === clientid)
    .filter((each) => topic === undefined || each.topic === topic)
    .filter((each) => wanted === undefined || String(each.qos) === wanted)
    .filter((each) => matched === undefined || matches(each.topic, matched));
}

/** Of several with one Client Identifier (they belong to different users) the connected one. */
function clientIn(c: TenantContext): SessionView {
  const found = clientsOf(c).filter(({ session }) => session.clientIdentifier === idIn(c));
  const client = found.find(({ connection }) => connection !== undefined) ?? found[0];
  if (client === undefined) throw new MqttError("CLIENT_UNKNOWN", { detail: `"${idIn(c)}"` });
  return client;
}

function clientsOf(c: TenantContext): SessionView[] {
  return deploymentIn(c).clients();
}

function deploymentIn(c: TenantContext): Deployment {
  return c.get("deployment");
}

function idIn(c: TenantContext): string {
  return c.req.param("clientid") ?? "";
}
