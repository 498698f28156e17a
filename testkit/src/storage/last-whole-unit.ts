import { expect } from "vitest";
import { identifierOf, turnOf } from "./crash-child.ts";
import type { StoreContent } from "./read-store.ts";

/** The highest unit of a store that crash-child.ts has filled; fails unless every turn in it is whole and in order. */
export function lastWholeUnit(content: StoreContent): number {
  const units = content.messages.map((message) => message.id);
  expect(units).toEqual(units.map((_, index) => (units[0] ?? 0) + index));
  expect(content.sessions[0]?.queue.map((entry) => entry.sequence)).toEqual(units);
  const identifiers = [...(content.sessions[0]?.inboundIdentifiers ?? [])].sort((a, b) => a - b);
  expect(identifiers).toEqual(units.map(identifierOf).sort((a, b) => a - b));
  const present = new Set(units);
  for (const message of content.messages) {
    const { first, last } = turnOf(message.payload);
    expect(present.has(first) && present.has(last)).toBe(true);
  }
  return units.at(-1) ?? 0;
}
