// A file means the same here as at mosquitto, topic by topic, but for the two things that docs/authorization.md names: nothing that is
// denied there is allowed here, and what may be published is the same. The oracle reads the file as mosquitto 2.0 does.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { matches } from "@bowline/protocol/internal";
import { publishBit } from "../access-control.ts";
import { RuleRights } from "../rule-rights.ts";
import { TenantRules } from "../tenant-rules.ts";
import { parseMosquittoAcl } from "./mosquitto-acl.ts";

interface Line {
  readonly user: string | undefined;
  readonly access: "read" | "write" | "readwrite" | "deny";
  readonly filter: string;
}

const NAMES = ["a", "b", "me"];
const WORLD = NAMES.concat("$s").flatMap((one) => [
  one,
  ...NAMES.flatMap((two) => [`${one}/${two}`, ...NAMES.map((three) => `${one}/${two}/${three}`)]),
]);
const CLIENTS = [
  { owner: "me", clientIdentifier: "a" },
  { owner: "b", clientIdentifier: "me" },
  { owner: "", clientIdentifier: "a" },
];

const level = fc.constantFrom(...NAMES, "+");
const patternLevel = fc.oneof(level, fc.constantFrom("%c", "%u"));
const filterOf = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.boolean(), fc.array(of, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([isOwn, levels, isMulti]) => [...(isOwn ? levels : ["$s", ...levels.slice(1)]), ...(isMulti ? ["#"] : [])].join("/"));
const anyAccess = fc.constantFrom<Line["access"][]>("read", "write", "readwrite", "deny", "deny");
const line: fc.Arbitrary<Line> = fc.oneof(
  fc.record({ user: fc.constantFrom("", "me", "b"), access: anyAccess, filter: filterOf(level) }),
  fc.record({ user: fc.constant(undefined), access: anyAccess, filter: filterOf(patternLevel) }),
);

function textOf(lines: readonly Line[]): string {
  const text: string[] = [];
  for (const whose of ["", "me", "b"]) {
    if (whose !== "") text.push(`user ${whose}`);
    for (const { user, access, filter } of lines) if (user === whose) text.push(`topic ${access} ${filter}`);
  }
  for (const { user, access, filter } of lines) if (user === undefined) text.push(`pattern ${access} ${filter}`);
  return text.join("\n");
}

/** mosquitto's answer: the user's lines and then the patterns, of either those that deny first; undefined when none matches. */
function isAllowedThere(
  lines: readonly Line[],
  { owner, clientIdentifier }: (typeof CLIENTS)[number],
  topic: string,
  way: "read" | "write",
): boolean {
  for (const ofPatterns of [false, true]) {
    const matching = lines.filter(({ user, filter }) => {
      if (ofPatterns ? user !== undefined : user !== owner) return false;
      if (owner === "" && filter.includes("%u")) return false;
      return matches(filter.replaceAll("%c", clientIdentifier).replaceAll("%u", owner), topic);
    });
    if (matching.some(({ access }) => access === "deny")) return false;
    if (matching.some(({ access }) => access.includes(way))) return true;
  }
  return false;
}

test("imported rules allow nothing that mosquitto denies, and the same to be published", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 7 }), (lines) => {
      const rules = parseMosquittoAcl(textOf(lines), "acl").map((rule, order) => ({ rule: { ...rule, id: `r${order}` }, order }));
      const current = { rules: new TenantRules(rules, "deny") };
      for (const who of CLIENTS) {
        const rights = new RuleRights(current, { tenant: "t", ...who }, { remoteAddress: "::1" }, []);
        const hasPatternDeny = lines.some(({ user, access }) => user === undefined && access === "deny");
        for (const topic of WORLD) {
          const mayPublish = (rights.refusedPublishes(topic) & publishBit(1, false)) === 0;
          expect([who, topic, mayPublish]).toEqual([who, topic, isAllowedThere(lines, who, topic, "write")]);
          const mayRead = rights.mayReceive(topic, 1, topic);
          const mayReadThere = isAllowedThere(lines, who, topic, "read");
          expect([who, topic, mayRead]).toEqual([who, topic, hasPatternDeny ? mayRead && mayReadThere : mayReadThere]);
        }
      }
    }),
    { numRuns: 150 },
  );
});
