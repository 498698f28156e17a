import { createHash } from "node:crypto";
import type { AuthorizerAnswer } from "../answer/check-answer.ts";
import { arnPrefix, type Place } from "../policy/arn.ts";
import { DOCUMENT_LENGTH_MAX } from "../policy/policy.ts";
import type { AuthorizerEvent } from "../request/authorizer-event.ts";
import { plainUserName } from "../request/authorizer-parameters.ts";
import { publishPatterns, receivePatterns, subscribePatterns } from "./topic-patterns.ts";

/** What a user's function answers about a token: SST's fields, and three of ours. */
export interface AuthResult {
  /** 1 to 128 letters and digits. Default: made of the User Name without its query, else of the Client Identifier; hashed where it has other characters. */
  principalId?: string;
  /** 300 to 86,400. Default 86,400. */
  disconnectAfterInSeconds?: number;
  /** 300 to 86,400. Default 300. */
  refreshAfterInSeconds?: number;
  /** Topics to subscribe to: MQTT's topic filters, or AWS's patterns with `*`. */
  subscribe?: string[];
  /** Topics to publish to, in the same two forms. */
  publish?: string[];
  /** Topics to which retained messages may be published too. Default none. */
  retain?: string[];
  /** Client Identifiers that may be used, `*` and `?` as in policies. Default: the one the client came with. */
  clientId?: string | string[];
  /** Further documents, as they are. */
  policyDocuments?: object[];
}

/** What a Lambda's context must have for it. */
export interface AuthorizerContext {
  /** `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`. */
  readonly invokedFunctionArn: string;
}

/** An answer that refuses. */
const REFUSED: AuthorizerAnswer = {
  isAuthenticated: false,
  principalId: "",
  policyDocuments: [],
  disconnectAfterInSeconds: 300,
  refreshAfterInSeconds: 300,
};

/**
 * Makes the handler of a custom authorizer of a function that judges tokens, as SST's `realtime.authorizer` does, for AWS IoT Core and for
 * `bowline up --authorizer` alike. It is stricter where that one lets in too much:
 *
 * - nothing granted (undefined, null, false, or no lists at all) refuses the client, while SST's connects it without rights;
 * - a client may connect by its own Client Identifier alone, while SST's allows any, with which it can end somebody else's connection;
 * - `principalId` is always one that AWS takes, also when the User Name holds the query of AWS's SDK;
 * - MQTT's topic filters mean what they mean in MQTT, and long lists are spread over several documents.
 *
 * @param authorize Gets the CONNECT's password as text, empty when there is none, and the whole event. What it throws refuses the client.
 */
export function authorizer(
  authorize: (token: string, event: AuthorizerEvent) => Promise<AuthResult | null | undefined | false>,
): (event: AuthorizerEvent, context: AuthorizerContext) => Promise<AuthorizerAnswer> {
  return async (event, context) => {
    const { mqtt } = event.protocolData;
    const token = Buffer.from(mqtt?.password ?? "", "base64").toString("utf8");
    const result = await authorize(token, event);
    if (!result || grantsNothing(result)) return REFUSED;
    const { principalId = principalOf(mqtt?.username, mqtt?.clientId), policyDocuments = [] } = result;
    return {
      isAuthenticated: true,
      principalId,
      disconnectAfterInSeconds: result.disconnectAfterInSeconds ?? 86_400,
      refreshAfterInSeconds: result.refreshAfterInSeconds ?? 300,
      policyDocuments: [...documentsOf(result, mqtt?.clientId, placeOf(context)), ...policyDocuments],
    };
  };
}

/** A `principalId` that AWS takes: nothing of a query is in it, and the same client has the same one again. */
export function principalOf(username: string | undefined, clientId: string | undefined): string {
  const name = plainUserName(username ?? "") || (clientId ?? "");
  return /^[a-zA-Z0-9]{1,128}$/.test(name) ? name : createHash("sha256").update(name).digest("hex");
}

function grantsNothing({ subscribe = [], publish = [], retain = [], policyDocuments = [] }: AuthResult): boolean {
  return [subscribe, publish, retain, policyDocuments].every((list) => list.length === 0);
}

function placeOf({ invokedFunctionArn }: AuthorizerContext): Place {
  const [, partition = "aws", , region = "", account = ""] = invokedFunctionArn.split(":");
  return { partition, region, account };
}

function documentsOf(result: AuthResult, clientId: string | undefined, place: Place): object[] {
  const { subscribe = [], publish = [], retain = [] } = result;
  const own = result.clientId ?? literal(clientId ?? "");
  const prefix = arnPrefix(place);
  const grants: [action: string, resources: string[]][] = [
    ["iot:Connect", (typeof own === "string" ? [own] : own).map((id) => `client/${id}`)],
    ["iot:Subscribe", subscribe.flatMap(subscribePatterns).map((filter) => `topicfilter/${filter}`)],
    ["iot:Receive", subscribe.flatMap(receivePatterns).map((topic) => `topic/${topic}`)],
    ["iot:Publish", [...publish, ...retain].flatMap(publishPatterns).map((topic) => `topic/${topic}`)],
    ["iot:RetainPublish", retain.flatMap(publishPatterns).map((topic) => `topic/${topic}`)],
  ];
  return packed(grants.map(([action, resources]) => [action, [...new Set(resources)].map((resource) => prefix + resource)]));
}

/** As many documents as their length needs. */
function packed(grants: readonly (readonly [action: string, resources: readonly string[]])[]): object[] {
  const documents: { Version: string; Statement: { Effect: "Allow"; Action: string; Resource: string[] }[] }[] = [];
  for (const [Action, resources] of grants) {
    for (const resource of resources) {
      const last = documents.at(-1);
      const statement = last?.Statement.find((one) => one.Action === Action);
      if (statement !== undefined) statement.Resource.push(resource);
      else last?.Statement.push({ Effect: "Allow", Action, Resource: [resource] });
      if (last !== undefined && lengthOf(last) <= DOCUMENT_LENGTH_MAX) continue;
      if (statement !== undefined) statement.Resource.pop();
      else last?.Statement.pop();
      documents.push({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: [resource] }] });
    }
  }
  return documents;
}

function lengthOf(document: object): number {
  return JSON.stringify(document).replace(/\s/g, "").length;
}

/** A name with nothing in it that means more in a policy. */
function literal(name: string): string {
  return name.replace(/[*?$]/g, (character) => `\${${character}}`);
}
