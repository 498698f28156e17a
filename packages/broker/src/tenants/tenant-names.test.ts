import { expect, test } from "vitest";
import { TenantNames } from "./tenant-names.ts";

test("a name leads to its tenant, one label of a wildcard too, and others to nobody", () => {
  const names = new TenantNames();
  names.set("acme", ["MQTT.example.com", "*.acme.example.com"]);
  expect(names.tenantOf("mqtt.example.com")).toBe("acme");
  expect(names.tenantOf("a.acme.example.com")).toBe("acme");
  for (const stranger of ["a.b.acme.example.com", "acme.example.com", "example.com", "*"])
    expect(names.tenantOf(stranger)).toBeUndefined();
});

test("other names take the place of those before; one that is taken stays with who took it", () => {
  const names = new TenantNames();
  names.set("acme", ["a.example.com", "b.example.com"]);
  names.set("zeta", ["b.example.com"]);
  names.set("acme", ["c.example.com"]);
  expect(["a", "b", "c"].map((label) => names.tenantOf(`${label}.example.com`))).toEqual([undefined, "zeta", "acme"]);
  names.remove("zeta");
  expect(names.tenantOf("b.example.com")).toBeUndefined();
});

test("ten thousand tenants are named in no time, again and again", () => {
  const names = new TenantNames();
  const start = performance.now();
  for (let round = 0; round < 3; round++) {
    for (let tenant = 0; tenant < 10_000; tenant++) names.set(`t${tenant}`, [`t${tenant}.example.com`, `*.t${tenant}.example.com`]);
  }
  // Some 50 ms; by looking at every name for each of them it would be minutes.
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(names.tenantOf("x.t9999.example.com")).toBe("t9999");
});
