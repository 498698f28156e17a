import type { Hono } from "hono";
import { expect, test } from "vitest";
import { adminRoutes, tenantAdminRoutes } from "./admin-app.ts";
import { addAuditRoute } from "./audit-log.ts";
import { addExamineRoute } from "./examine-routes.ts";
import { addKeyRoutes } from "./key-routes.ts";
import { addOpenApiRoute, openApiOf } from "./openapi.ts";
import { addControlRoutes } from "./operations-routes.ts";
import { addPlanRoutes } from "./plan-routes.ts";
import { addTenantSignInLinks } from "./sign-in-links.ts";
import { addTenantListRoutes } from "./tenant-list-routes.ts";

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>>;
  components: { schemas: Record<string, unknown> };
}

const none = {} as never;

function operatorsApp(): Hono {
  return adminRoutes({ view: none, find: none, rates: none, logger: none }, (app) => {
    addAuditRoute(app, none);
    addTenantListRoutes(app, none, none);
    addTenantSignInLinks(app, none, none);
    addPlanRoutes(app, none);
    addKeyRoutes(app, none, none);
    addControlRoutes(app, none);
    addExamineRoute(app, none);
    addOpenApiRoute(app, "operator", "1");
  });
}

function tenantsApp(): Hono {
  const app = tenantAdminRoutes(none, none);
  addOpenApiRoute(app, "tenant", "1");
  return app;
}

/** `GET /a/{b}` of each route that answers. */
function routesOf(app: Hono): string[] {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  return [...new Set(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`))].sort();
}

function operationsOf({ paths }: Document): string[] {
  return Object.entries(paths)
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`))
    .sort();
}

test.each([
  ["operator", operatorsApp()],
  ["tenant", tenantsApp()],
] as const)("the document for the %s has every route and no other", (audience, app) => {
  const described = operationsOf(openApiOf(audience, "1") as Document);
  expect(described).toEqual(routesOf(app));
});

test("operations have names of their own, their path's parameters, and schemas that exist", () => {
  const document = openApiOf("operator", "1") as Document;
  expect(document.openapi).toBe("3.1.0");
  const operations = Object.entries(document.paths).flatMap(([path, each]) => Object.values(each).map((one) => ({ path, ...one })));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters = [] } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter((each) => each.in === "path").map(({ name }) => name)).toEqual(named);
  }
  for (const [, name = ""] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g))
    expect(document.components.schemas).toHaveProperty(name);
});
