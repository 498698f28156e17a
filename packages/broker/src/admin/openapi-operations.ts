/** Of openapi-schemas.ts. */
type SchemaName = string;

/** One route of the admin API in the words of its document. */
export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** With `{name}` for what stands in the path. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly query?: readonly string[] | undefined;
  readonly body?: SchemaName | undefined;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: SchemaName | undefined;
}

type Row = readonly [
  method: Operation["method"],
  path: string,
  id: string,
  summary: string,
  status: Operation["status"],
  answer?: SchemaName | undefined,
  body?: SchemaName | undefined,
  query?: readonly string[],
];

const PAGE = ["page", "limit"];

// biome-ignore format: a table is read by its lines.
const TENANT_ROWS: readonly Row[] = [
  ["get", "/api/v1/connections", "listConnections", "Clients that are connected now.", 200, "Connections", undefined, ["search", "order", "descending", "limit"]],
  ["get", "/api/v1/connections/{id}", "showConnection", "One connection in full.", 200, "Connection"],
  ["delete", "/api/v1/connections/{id}", "endConnection", "Ends a connection with DISCONNECT 0x98.", 204],
  ["get", "/api/v1/limits", "showLimits", "Limits in force, and what they cost so far.", 200, "Limits"],
  ["get", "/api/v1/users", "listUsers", "MQTT users.", 200, "Users", undefined, [...PAGE, "search"]],
  ["post", "/api/v1/users", "addUser", "Adds a user.", 201, "User", "Login"],
  ["post", "/api/v1/users/import", "importUsers", "Adds users with their hashes, or those of a CSV text in EMQX's columns, all or none.", 201, "ImportedCount", "UserFile"],
  ["get", "/api/v1/users/export", "exportUsers", "Users with their hashes; at the admin socket alone.", 200, "ImportedUsers"],
  ["put", "/api/v1/users/{username}/password", "setPassword", "Gives a user another password and ends its connections.", 204, undefined, "Password"],
  ["put", "/api/v1/users/{username}/disabled", "disableUser", "Lets a user not log in any more.", 204],
  ["delete", "/api/v1/users/{username}/disabled", "enableUser", "Lets a user log in again.", 204],
  ["delete", "/api/v1/users/{username}", "removeUser", "Removes a user with its sessions.", 204],
  ["post", "/api/v1/token", "issueToken", "A password of five minutes for the console's MQTT connection.", 201, "Token"],
  ["get", "/api/v1/rules", "listRules", "Access rules in their order.", 200, "Rules", undefined, PAGE],
  ["post", "/api/v1/rules", "addRule", "Adds a rule, at the end or at `place`.", 201, "Rule", "Rule"],
  ["put", "/api/v1/rules", "putRules", "Appends rules, or puts them in place of all, all or none.", 200, "Rules", "RulesChange"],
  ["patch", "/api/v1/rules", "setNoMatch", "What holds where no rule matches.", 204, undefined, "NoMatch"],
  ["post", "/api/v1/rules/test", "testRules", "Would this be allowed, and by which rule?", 200, "AccessAnswer", "AccessQuestion"],
  ["put", "/api/v1/rules/{id}", "putRule", "Another rule in the place of one.", 200, "Rule", "Rule"],
  ["delete", "/api/v1/rules/{id}", "removeRule", "Removes a rule.", 204],
  ["post", "/api/v1/rules/{id}/move", "moveRule", "Moves a rule to a place; 0 is the first.", 204, undefined, "Place"],
  ["get", "/api/v1/bans", "listBans", "Who may not come in.", 200, "Bans", undefined, [...PAGE, "search"]],
  ["post", "/api/v1/bans", "addBan", "Bans a user, a client or addresses, and ends their connections.", 201, "Ended", "Ban"],
  ["delete", "/api/v1/bans/{kind}/{value}", "liftBan", "Lifts a ban.", 204],
  ["post", "/api/v1/kick", "kick", "Ends connections; they may come back.", 200, "Ended", "Kick"],
  ["get", "/api/v1/trace", "trace", "Live packets, as server-sent events or a JSON text a line.", 200, undefined, undefined, ["client", "topic", "address", "seconds", "packets", "payload"]],
  ["get", "/api/v1/sessions", "listSessions", "Sessions of clients that are away, those that left last first.", 200, "Sessions", undefined, [...PAGE, "search"]],
  ["get", "/api/v1/overview", "showOverview", "The tenant at a glance.", 200, "Overview"],
  ["get", "/api/v1/refusals", "listRefusals", "Clients that were not let in, were sent away, or may not publish, subscribe or receive, lately: why, and what to change.", 200, "Refusals", undefined, PAGE],
  ["get", "/api/v1/usage", "usage", "What was used, by hour and by month (UTC).", 200, "UsageReport"],
  ["get", "/api/v1/audit", "audit", "Who asked for which change.", 200, "Audit", undefined, PAGE],
  ["get", "/api/v1/openapi.json", "openapi", "This document.", 200],
  ["get", "/api/v5/clients", "emqxListClients", "Clients, connected or not, as EMQX lists them.", 200, "EmqxClients", undefined, [...PAGE, "clientid", "username", "ip_address", "conn_state", "proto_ver", "like_clientid", "like_username"]],
  ["get", "/api/v5/clients/{clientid}", "emqxShowClient", "One client.", 200, "EmqxClient"],
  ["delete", "/api/v5/clients/{clientid}", "emqxKickClient", "Ends a client's connection and session.", 204],
  ["get", "/api/v5/clients/{clientid}/subscriptions", "emqxClientSubscriptions", "Subscriptions of a client.", 200, "EmqxSubscriptionList"],
  ["post", "/api/v5/clients/{clientid}/subscribe", "emqxSubscribe", "Subscribes a client, within its rights.", 200, "EmqxSubscription", "EmqxSubscribe"],
  ["post", "/api/v5/clients/{clientid}/subscribe/bulk", "emqxSubscribeAll", "The same of several filters.", 200, "EmqxSubscriptionList", "EmqxSubscribeList"],
  ["post", "/api/v5/clients/{clientid}/unsubscribe", "emqxUnsubscribe", "Takes a subscription from a client.", 204, undefined, "EmqxUnsubscribe"],
  ["post", "/api/v5/clients/{clientid}/unsubscribe/bulk", "emqxUnsubscribeAll", "The same of several filters.", 204, undefined, "EmqxUnsubscribeList"],
  ["get", "/api/v5/subscriptions", "emqxListSubscriptions", "Subscriptions of all clients.", 200, "EmqxSubscriptions", undefined, [...PAGE, "clientid", "topic", "qos", "match_topic"]],
  ["post", "/api/v5/publish", "emqxPublish", "Publishes a message; 202 where nobody had subscribed.", 200, "EmqxPublished", "EmqxMessage"],
  ["post", "/api/v5/publish/bulk", "emqxPublishAll", "The same of several.", 200, "EmqxPublishedList", "EmqxMessageList"],
];

// biome-ignore format: a table is read by its lines.
const OPERATOR_ROWS: readonly Row[] = [
  ["get", "/api/v1/status", "status", "Version, listeners, storage and sums of all tenants.", 200, "Anything"],
  ["get", "/api/v1/metrics", "rates", "Sums and the rates of the last five minutes.", 200, "Anything"],
  ["get", "/api/v1/metrics/stream", "streamRates", "The rates each second, as server-sent events.", 200],
  ["get", "/api/v1/overviews", "listOverviews", "Each tenant at a glance, `default` among them.", 200, "Overviews", undefined, [...PAGE, "search"]],
  ["get", "/api/v1/tenants", "listTenants", "The tenants beside `default`.", 200, "Tenants", undefined, PAGE],
  ["post", "/api/v1/tenants", "createTenant", "Makes a tenant; its clients may come when this is answered.", 201, "Tenant", "NewTenant"],
  ["get", "/api/v1/tenants/{tenant}", "showTenant", "One tenant.", 200, "Tenant"],
  ["delete", "/api/v1/tenants/{tenant}", "deleteTenant", "Deletes a tenant with all it has; 202 while that goes on.", 204],
  ["post", "/api/v1/tenants/{tenant}/pause", "pauseTenant", "Ends its connections and lets nobody in.", 200, "Tenant"],
  ["post", "/api/v1/tenants/{tenant}/resume", "resumeTenant", "Lets its clients in again.", 200, "Tenant"],
  ["post", "/api/v1/tenants/{tenant}/sign-in-links", "makeSignInLink", "A link that signs one browser in as the tenant's administrator, once, within 15 minutes.", 201, "SignInLink"],
  ["put", "/api/v1/tenants/{tenant}/plan", "setPlan", "Gives a tenant another plan; null for the configuration's.", 200, "Tenant", "PlanChoice"],
  ["get", "/api/v1/plans", "listPlans", "Plans, those that are built in among them.", 200, "Plans", undefined, PAGE],
  ["get", "/api/v1/plans/{plan}", "showPlan", "One plan.", 200, "Plan"],
  ["put", "/api/v1/plans/{plan}", "putPlan", "Makes or changes a plan; in force for its tenants at once.", 200, "Plan", "PlanInput"],
  ["delete", "/api/v1/plans/{plan}", "removePlan", "Removes a plan that no tenant has; one that is built in is again as it was.", 204],
  ["get", "/api/v1/keys", "listKeys", "Keys to this API.", 200, "Keys", undefined, PAGE],
  ["post", "/api/v1/keys", "createKey", "Makes a key; its secret is shown this once.", 201, "IssuedKey", "NewKey"],
  ["post", "/api/v1/keys/{id}/rotate", "rotateKey", "Another secret; the old one may go on for a while.", 200, "IssuedKey", "Rotation"],
  ["delete", "/api/v1/keys/{id}", "removeKey", "Removes a key.", 204],
  ["get", "/api/v1/config", "showConfig", "The configuration in force, and how reloads went.", 200, "Anything"],
  ["post", "/api/v1/config/reload", "reloadConfig", "Reads the configuration anew.", 200, "Anything"],
  ["post", "/api/v1/doctor", "examine", "Examines a connection from the broker's machine: its own listeners, and `admin.doctorTargets`.", 200, "Anything", "Examination"],
  ["post", "/api/v1/drain", "drain", "Accepts nothing more and sends the clients away.", 202, "Ended", "Anything"],
];

/** What an administrator has, and the operator of each tenant. */
export const TENANT_OPERATIONS: readonly Operation[] = TENANT_ROWS.map(operationOf);
/** What only the operator has. */
export const OPERATOR_OPERATIONS: readonly Operation[] = OPERATOR_ROWS.map(operationOf);

function operationOf([method, path, id, summary, status, answer, body, query]: Row): Operation {
  return { method, path, id, summary, status, answer, body, query };
}
