import { expect, test } from "vitest";
import { addressOf, routeOf } from "./route.ts";

test("an address leads back to what it was made of", () => {
  const address = addressOf("trace", "", { client: "a b#&/ü" });
  expect(routeOf(address)).toMatchObject({ page: "trace", item: "" });
  expect(routeOf(address).query.get("client")).toBe("a b#&/ü");
  expect(routeOf(addressOf("clients", "12"))).toMatchObject({ page: "clients", item: "12" });
});

test("an address that is not known is the overview's", () => {
  for (const hash of ["", "#", "#/", "#/nothing/12", "#mqtt-client"])
    expect(routeOf(hash)).toMatchObject({ page: "overview", item: "" });
  expect(routeOf("#/clients/%")).toMatchObject({ page: "clients", item: "%" });
});
