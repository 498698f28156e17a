import type { Hono } from "hono";
import { type Operation, OPERATOR_OPERATIONS, TENANT_OPERATIONS } from "./openapi-operations.ts";
import { SCHEMAS } from "./openapi-schemas.ts";

/** Whom a document is for: an administrator is told of no route that it does not have. */
export type OpenApiAudience = "operator" | "tenant";

/** The admin API as an OpenAPI 3.1 document. A test holds it against the routes, in both directions. */
export function openApiOf(audience: OpenApiAudience, version: string): object {
  const operations: Operation[] = [...TENANT_OPERATIONS];
  for (const operation of TENANT_OPERATIONS) {
    if (operation.path.startsWith("/api/v5/") || operation.id === "openapi") continue;
    const path = operation.path.replace("/api/v1/", "/api/v1/tenants/{tenant}/");
    operations.push({ ...operation, path, id: `${operation.id}OfTenant`, summary: `${operation.summary} Of the named tenant.` });
  }
  if (audience === "operator") operations.push(...OPERATOR_OPERATIONS);
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = described(operation);
  return {
    openapi: "3.1.0",
    info: {
      title: "Bowline admin API",
      version,
      description:
        "Below /api/v1 what belongs to a tenant is that of whoever asks: the tenant of the key, for the operator the tenant `default`. " +
        "Below /api/v5 are EMQX's paths and shapes.",
    },
    security: audience === "operator" ? [{ key: [] }, { operatorKey: [] }] : [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "basic", description: "AppID and AppSecret of `bowline key create`." },
        ...(audience === "operator"
          ? { operatorKey: { type: "http", scheme: "bearer", description: "operator.key of the data folder." } }
          : {}),
      },
      schemas: SCHEMAS,
    },
  };
}

/** Serves it to whoever may ask at all. */
export function addOpenApiRoute(app: Hono, audience: OpenApiAudience, version: string): void {
  const document = openApiOf(audience, version);
  app.get("/api/v1/openapi.json", (c) => c.json(document));
}

function described({ path, id, summary, query, body, status, answer }: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...(query ?? []).map((name) => ({ name, in: "query", schema: { type: "string" } })),
  ];
  const failed = {
    description: "Refused: why, and what to do.",
    content: json(path.startsWith("/api/v5/") ? "EmqxError" : "Error"),
  };
  return {
    operationId: id,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      [status]: { description: summary, ...(answer === undefined ? {} : { content: json(answer) }) },
      default: failed,
    },
  };
}

function json(schema: string): object {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}
