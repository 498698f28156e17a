import { z } from "zod";
import { banSchema } from "../auth/ban-list.ts";
import { EMQX_HASHES, SALT_POSITIONS } from "../auth/import/emqx-hashing.ts";
import { ruleSchema } from "../acl/rule.ts";
import { examineRequest } from "./examine-routes.ts";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const number: Schema = { type: "number" };
const integer: Schema = { type: "integer" };
const flag: Schema = { type: "boolean" };
const qos: Schema = { type: "integer", enum: [0, 1, 2] };
const listOf = (name: string): Schema => ({ type: "array", items: { $ref: `#/components/schemas/${name}` } });
const meta: Schema = { $ref: "#/components/schemas/Page" };

function object(properties: Record<string, Schema>, required: readonly string[] = Object.keys(properties)): Schema {
  return { type: "object", properties, required };
}

/** What is checked by a schema is described by it. */
function fromZod(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
  return rest;
}

const tenantFields = { name: text, hosts: { type: "array", items: text }, state: { enum: ["active", "paused", "deleting"] } };
const keyFields = { id: text, tenant: text, access: { enum: ["full", "read"] }, name: text, createdAt: number, expiresAt: number };
const emqxSubscription = { clientid: text, topic: text, qos, nl: integer, rap: integer, rh: integer };

/** What the admin API takes and answers. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Anything: { type: "object" },
  Examination: fromZod(examineRequest),
  Error: object({ error: object({ code: text, message: text, remedy: text }, ["code", "message"]) }),
  EmqxError: object({ code: text, message: text }),
  Page: object({ page: integer, limit: integer, count: integer, hasNext: flag }),
  Connection: object({
    id: integer,
    clientIdentifier: text,
    owner: text,
    transport: text,
    remoteAddress: text,
    connectedAt: number,
  }),
  Connections: object({ connections: listOf("Connection"), found: integer, total: integer }),
  Limits: object({
    limits: { type: "object" },
    counters: { type: "object" },
    reached: listOf("ReachedLimit"),
    plan: { type: ["string", "null"] },
  }),
  ReachedLimit: object({ limits: { type: "array", items: text }, times: integer }),
  User: object({ tenant: text, username: text, createdAt: number, disabled: flag }),
  Users: object({ users: listOf("User"), meta }),
  Login: object({ username: text, password: text }),
  Password: object({ password: text }),
  ImportedUsers: object({ users: { type: "array", items: object({ username: text, passwordHash: text }) } }),
  UserFile: {
    oneOf: [
      { $ref: "#/components/schemas/ImportedUsers" },
      object(
        {
          csv: text,
          hash: { enum: [...EMQX_HASHES] },
          salt: { enum: [...SALT_POSITIONS] },
          iterations: integer,
        },
        ["csv"],
      ),
    ],
  },
  ImportedCount: object({ users: integer, superusers: { type: "array", items: text } }),
  SignInLink: object({ url: text }),
  Token: object({ username: text, password: text, expiresAt: number }),
  Rule: fromZod(ruleSchema),
  Rules: object({ noMatch: { enum: ["allow", "deny"] }, rules: listOf("Rule"), meta }, ["rules"]),
  RulesChange: object({ mode: { enum: ["append", "replace"] }, rules: listOf("Rule") }),
  NoMatch: object({ noMatch: { enum: ["allow", "deny"] } }),
  Place: object({ place: integer }),
  AccessQuestion: object(
    {
      client: text,
      user: text,
      address: text,
      action: { enum: ["publish", "subscribe", "receive"] },
      topic: text,
      qos,
      retain: flag,
    },
    ["action", "topic"],
  ),
  AccessAnswer: object({ isAllowed: flag, reason: text }),
  Ban: fromZod(banSchema),
  Bans: object({ bans: listOf("Ban"), meta }),
  Kick: object({ kind: { enum: ["user", "client", "address"] }, value: text }),
  Ended: object({ connections: integer }),
  AuditEntry: object({ at: text, by: text, role: text, tenant: text, method: text, path: text, status: integer, from: text }, [
    "at",
    "by",
    "tenant",
    "method",
    "path",
    "status",
    "from",
  ]),
  Audit: object({ entries: listOf("AuditEntry"), meta }),
  Tenant: object({ ...tenantFields, createdAt: number, tls: { type: "object" } }, [...Object.keys(tenantFields), "createdAt"]),
  Tenants: object({ tenants: listOf("Tenant"), meta }),
  NewTenant: object({ name: text, hosts: { type: "array", items: text }, plan: text, tls: { type: "object" } }, ["name"]),
  PlanInput: object({ limits: { type: "object" }, maximumUsers: integer, maximumRules: integer, maximumRulesPerUser: integer }, []),
  Plan: object(
    { name: text, limits: { type: "object" }, maximumUsers: integer, maximumRules: integer, maximumRulesPerUser: integer },
    ["name", "limits"],
  ),
  Plans: object({ plans: listOf("Plan"), meta, limitNames: { type: "array", items: text } }),
  PlanChoice: object({ plan: { type: ["string", "null"] } }),
  Overview: object(
    {
      ...tenantFields,
      plan: text,
      createdAt: number,
      urls: { type: "array", items: text },
      connections: integer,
      sessions: integer,
      retainedMessages: integer,
      storage: { enum: ["ok", "read-only"] },
      month: { $ref: "#/components/schemas/Usage" },
    },
    ["name", "state", "hosts", "urls", "connections", "sessions", "retainedMessages", "storage"],
  ),
  Overviews: object({ tenants: listOf("Overview"), meta }),
  Session: object(
    {
      clientIdentifier: text,
      owner: text,
      disconnectedAt: number,
      expiryInterval: number,
      subscriptions: integer,
      queued: integer,
      dropped: integer,
    },
    ["clientIdentifier", "owner", "expiryInterval", "subscriptions", "queued", "dropped"],
  ),
  Sessions: object({ sessions: listOf("Session"), meta }),
  Refusal: object(
    {
      at: number,
      times: integer,
      clientIdentifier: text,
      user: text,
      remoteAddress: text,
      transport: text,
      wasConnected: flag,
      action: { enum: ["publish", "subscribe", "receive"] },
      topic: text,
      code: text,
      reasonCode: integer,
      reason: text,
      remedy: text,
    },
    ["at", "times", "clientIdentifier", "remoteAddress", "transport", "wasConnected", "code", "reason", "remedy"],
  ),
  Refusals: object({ refusals: listOf("Refusal"), meta }),
  Usage: object({
    period: text,
    sessionMinutes: number,
    messagesReceived: integer,
    messagesSent: integer,
    bytesReceived: integer,
    bytesSent: integer,
  }),
  UsageReport: object({ hours: listOf("Usage"), months: listOf("Usage") }),
  Key: object(keyFields, ["id", "access", "name", "createdAt"]),
  Keys: object({ keys: listOf("Key"), meta }),
  IssuedKey: object({ ...keyFields, secret: text }, ["id", "access", "name", "createdAt", "secret"]),
  NewKey: object({ tenant: text, access: { enum: ["full", "read"] }, name: text, expiresAt: number }, []),
  Rotation: object({ overlapSeconds: number }, []),
  EmqxPage: object({ page: integer, limit: integer, count: integer, hasnext: flag }),
  EmqxClient: object(
    {
      clientid: text,
      username: { type: ["string", "null"] },
      connected: flag,
      ip_address: text,
      proto_ver: integer,
      connected_at: text,
    },
    ["clientid", "username", "connected"],
  ),
  EmqxClients: object({ data: listOf("EmqxClient"), meta: { $ref: "#/components/schemas/EmqxPage" } }),
  EmqxSubscription: object(emqxSubscription, ["clientid", "topic", "qos"]),
  EmqxSubscriptionList: listOf("EmqxSubscription"),
  EmqxSubscriptions: object({ data: listOf("EmqxSubscription"), meta: { $ref: "#/components/schemas/EmqxPage" } }),
  EmqxSubscribe: object({ topic: text, qos, nl: integer, rap: integer, rh: integer }, ["topic"]),
  EmqxSubscribeList: listOf("EmqxSubscribe"),
  EmqxUnsubscribe: object({ topic: text }),
  EmqxUnsubscribeList: listOf("EmqxUnsubscribe"),
  EmqxMessage: object({ topic: text, payload: text, payload_encoding: { enum: ["plain", "base64"] }, qos, retain: flag }, [
    "topic",
  ]),
  EmqxMessageList: listOf("EmqxMessage"),
  EmqxPublished: object({ id: text, reason_code: integer, message: text }, []),
  EmqxPublishedList: listOf("EmqxPublished"),
};
