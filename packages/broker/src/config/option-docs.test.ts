import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { brokerConfigJsonSchema } from "./broker-config.ts";

/*
 * What the schema says of a key stands with the key's type too, with unit, range and default: it is what an editor shows to whoever calls
 * `createBroker` or `defineConfig`. Vitest's -u writes it there.
 */

interface Schema {
  description?: string;
  default?: unknown;
  const?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const root = brokerConfigJsonSchema(true) as Schema;

/** File, interface and the group of keys that it is. */
const INTERFACES: readonly [file: string, name: string, group: Schema][] = [
  ["config/broker-config.ts", "BrokerConfig", root],
  ["config/broker-config.ts", "OwnInputs", root],
  ["config/storage-schema.ts", "StorageConfig", at("storage")],
  ["config/listener-schema.ts", "ListenerConfig", at("listen")],
  ["config/operations-schema.ts", "LogConfig", at("log")],
  ["config/operations-schema.ts", "AdminConfig", at("admin")],
  ["config/operations-schema.ts", "MetricsConfig", at("metrics")],
  ["config/operations-schema.ts", "ShutdownConfig", at("shutdown")],
  ["events/events-schema.ts", "EventsConfig", at("events")],
  ["config/bootstrap-schema.ts", "BootstrapConfig", at("bootstrap")],
  ["config/bootstrap-schema.ts", "BootstrapUser", at("bootstrap", "users")],
  ["config/tenants-schema.ts", "TenantsConfig", at("tenants")],
  ["config/tenants-schema.ts", "TenantsInput", at("tenants")],
  ["config/tenants-schema.ts", "NamedTenantConfig", at("tenants", "named")],
  ["config/tenants-schema.ts", "NamedTenantInput", at("tenants", "named")],
  ["config/tls-schema.ts", "TlsConfig", at("tls")],
  ["config/tls-schema.ts", "AcmeKey", at("tls")],
  ["config/acme-schema.ts", "AcmeConfig", at("tls", "acme")],
  ["config/acme-schema.ts", "ExternalAccount", at("tls", "acme", "externalAccount")],
  ["config/limits-schema.ts", "LimitsConfig", at("limits")],
  ["auth/password-kind.ts", "PasswordConfig", at("authentication:password")],
  ["auth/jwt/jwt-config.ts", "JwtConfig", at("authentication:jwt")],
  ["auth/certificate-kind.ts", "CertificateConfig", at("authentication:certificate")],
  ["auth/scram/scram-kind.ts", "ScramConfig", at("authentication:scram")],
  ["auth/function-kind.ts", "FunctionConfig", at("authentication:function")],
  ["auth/function-kind.ts", "FunctionInput", at("authentication:function")],
  ["realtime/custom-authorizer-config.ts", "CustomAuthorizerConfig", at("authentication:custom-authorizer")],
  ["auth/webhook/http-hook-config.ts", "HttpHookConfig", withoutBody(at("authentication:webhook"))],
  ["acl/function-authorizer.ts", "FunctionAuthorizerConfig", at("authorization:function")],
  ["acl/function-authorizer.ts", "FunctionAuthorizerInput", at("authorization:function")],
  ["acl/authorization-kind.ts", "AnswerTimes", at("authorization:webhook")],
];

test.each([...new Set(INTERFACES.map(([file]) => file))])("every key has its words in %s", async (file) => {
  const path = new URL(`../${file}`, import.meta.url);
  let source = await readFile(path, "utf8");
  for (const [, name, group] of INTERFACES.filter(([each]) => each === file)) source = documented(source, name, group);
  await expect(source).toMatchFileSnapshot(path.pathname);
});

/** A key of one group after the other; `authentication:jwt` is the link of that kind. */
function at(...keys: readonly string[]): Schema {
  let group = root;
  for (const key of keys) {
    const [name = "", kind] = key.split(":");
    const found = forms(group.properties?.[name] ?? {}).find(
      ({ properties }) => properties !== undefined && (kind === undefined || properties["kind"]?.const === kind),
    );
    if (found === undefined) throw new Error(`the schema has no ${keys.join(".")}`);
    group = found;
  }
  return group;
}

/** It differs between those who are asked. */
function withoutBody(group: Schema): Schema {
  const { default: _, ...body } = group.properties?.["body"] ?? {};
  return { properties: { ...group.properties, body } };
}

function forms(schema: Schema): Schema[] {
  const inside = schema.anyOf ?? schema.oneOf ?? (schema.items && [schema.items]);
  if (inside !== undefined) return inside.flatMap(forms);
  return schema.properties === undefined && typeof schema.additionalProperties === "object"
    ? forms(schema.additionalProperties)
    : [schema];
}

function documented(source: string, name: string, { properties = {} }: Schema): string {
  const start = source.search(new RegExp(`^export interface ${name}\\b.*\\{$`, "m"));
  const end = source.indexOf("\n}\n", start);
  if (start < 0 || end < 0) throw new Error(`there is no interface ${name}`);
  const body = source.slice(start, end).replace(/(?:^ {2}\/\*\*(?:(?!\*\/)[^])*\*\/\n)?^ {2}(\w+)\??: /gm, (line, key: string) => {
    const schema = properties[key];
    return schema === undefined ? line : comment(wordsOf(schema)) + line.replace(/^ {2}\/\*\*[^]*\*\/\n/, "");
  });
  return source.slice(0, start) + body + source.slice(end);
}

function wordsOf({ description = "", minimum, maximum, default: value, properties }: Schema): string {
  const range = minimum === undefined || maximum === undefined ? "" : ` From ${minimum} to ${maximum}.`;
  // Of a group each key has its own.
  const isTold = value === undefined || properties !== undefined || / Default: /.test(description);
  return `${description}${range}${isTold ? "" : ` Default: ${JSON.stringify(value)}.`}`.replaceAll("*/", "* /");
}

const WIDTH = 132;

function comment(text: string): string {
  const line = `  /** ${text} */\n`;
  if (line.length <= WIDTH + 1) return line;
  const lines = [""];
  for (const word of text.split(" ")) {
    if (`   * ${lines.at(-1)} ${word}`.length > WIDTH) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trimStart());
  }
  return `  /**\n${lines.map((each) => `   * ${each}\n`).join("")}   */\n`;
}
