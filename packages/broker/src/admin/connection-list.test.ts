import { expect, test } from "vitest";
import type { ConnectionSummary } from "./broker-view.ts";
import { connectionList } from "./connection-list.ts";

const rows = ["b", "a", "c"].map(
  (clientIdentifier, i) =>
    ({ id: i, clientIdentifier, owner: "Ann", remoteAddress: "10.0.0.1", transport: "tcp", queued: 9 - i }) as ConnectionSummary,
);
const names = (query: Record<string, string>): string =>
  connectionList(rows, query)
    .connections.map(({ clientIdentifier }) => clientIdentifier)
    .join("");

test("the list is whole unless a part of it is asked for", () => {
  expect(connectionList(rows, {})).toEqual({ connections: rows, found: 3, total: 3 });
  expect(names({ order: "clientIdentifier" })).toBe("abc");
  expect(names({ order: "queued", descending: "true", limit: "2" })).toBe("ba");
  expect(connectionList(rows, { search: "ann", limit: "1" })).toMatchObject({ found: 3, total: 3 });
  expect(connectionList(rows, { search: "zz" })).toEqual({ connections: [], found: 0, total: 3 });
  for (const query of [{ order: "password" }, { limit: "0" }, { limt: "5" }]) {
    expect(() => connectionList(rows, query as unknown as Record<string, string>)).toThrow("OPTION_INVALID");
  }
});
