import { setMaxListeners } from "node:events";
import { z } from "zod";
import {
  checkHttpHook,
  type HttpHookConfig,
  type HttpHookInput,
  httpHookShape,
  readHeaders,
  resolveHeaders,
  secretHeaders,
} from "../auth/webhook/http-hook-config.ts";
import { HookTemplate } from "../auth/webhook/hook-template.ts";
import { HttpHook } from "../auth/webhook/http-hook.ts";
import { type PlaceholderValue, TemplateFields } from "../auth/webhook/template-fields.ts";
import type { AccessCase } from "./asked-source.ts";
import { type AnswerTimes, answerTimesOf, answerTimesShape, type AuthorizationKind } from "./authorization-kind.ts";

/** A program of the operator that is asked by HTTP, in the contract of EMQX's HTTP authorization. */
export type WebhookAuthorizerConfig = { kind: "webhook" } & AnswerTimes & HttpHookConfig;

/** @see WebhookAuthorizerConfig */
export type WebhookAuthorizerInput = { kind: "webhook" } & { [K in keyof AnswerTimes]?: number | undefined } & HttpHookInput;

const BODY = {
  clientid: "${clientid}",
  username: "${username}",
  peerhost: "${peerhost}",
  action: "${action}",
  topic: "${topic}",
  qos: "${qos}",
  retain: "${retain}",
  tenant: "${tenant}",
};

const VALUES: ReadonlyMap<string, PlaceholderValue<AccessCase>> = new Map<string, PlaceholderValue<AccessCase>>([
  ["clientid", ({ who }) => who.clientIdentifier],
  ["username", ({ who }) => (who.owner === "" ? undefined : who.owner)],
  ["tenant", ({ who }) => who.tenant],
  ["peerhost", ({ remoteAddress }) => remoteAddress],
  ["action", ({ action }) => action],
  ["topic", ({ topic }) => topic],
  ["qos", ({ qos }) => String(qos)],
  ["retain", ({ retain }) => String(retain)],
  // As older authorizers know the action.
  ["access", ({ action }) => (action === "subscribe" ? "1" : "2")],
]);

const ATTRIBUTE = "client_attrs.";

const caseFields: TemplateFields<AccessCase> = new TemplateFields((name) => {
  if (!name.startsWith(ATTRIBUTE)) return VALUES.get(name);
  const attribute = name.slice(ATTRIBUTE.length);
  return ({ attributes }) => (Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined);
});

/** @see WebhookAuthorizerConfig */
export const webhookAuthorizerKind: AuthorizationKind<WebhookAuthorizerConfig, WebhookAuthorizerInput> = {
  schema: z.strictObject({
    kind: z.literal("webhook").describe("A program of yours that is asked by HTTP, in EMQX's contract."),
    ...httpHookShape(
      BODY,
      "`${clientid}`, `${username}` (the owner), `${tenant}`, `${peerhost}`, `${action}` (publish or subscribe), `${topic}`, `${qos}`, `${retain}`, `${access}` (1 to subscribe, 2 to publish) and `${client_attrs.NAME}`",
    ),
    ...answerTimesShape,
  }),
  resolve: resolveHeaders,
  secrets: secretHeaders,
  check: (config) => checkHttpHook(config, (texts) => caseFields.unknownIn(texts)),
  open: async (config) => {
    const hook = new HttpHook(config);
    const template = new HookTemplate(config, await readHeaders(config), caseFields);
    const never = new AbortController().signal;
    // All who wait for their turn listen to it.
    setMaxListeners(0, never);
    return {
      source: {
        name: "webhook",
        ...answerTimesOf(config),
        ask: async (question) => (await hook.ask(() => template.about(question), never)).result,
      },
      close: () => hook.close(),
    };
  },
};
