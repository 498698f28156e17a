import { describe, expect, test } from "vitest";
import type { Rule } from "../rule.ts";
import { parseEmqxCsv, writeEmqxCsv } from "./emqx-csv.ts";
import { parseMosquittoAcl } from "./mosquitto-acl.ts";

describe("mosquitto's ACL file", () => {
  test("becomes rules: who is who, what denies comes first", () => {
    const text = [
      "# who may do what",
      "topic read $SYS/#",
      "topic open/#",
      "",
      "user ann",
      "topic write home/ann/#",
      "topic deny home/ann/locked",
      "\ttopic readwrite with space/x  ",
      "pattern read state/%u/%c",
      "user bob b",
      "topic read $share/g/jobs",
      "topic read",
    ].join("\r\n");
    expect(parseMosquittoAcl(text, "acl")).toEqual([
      { permission: "deny", action: "both", topics: ["home/ann/locked"], user: "ann" },
      { permission: "allow", action: "subscribe", topics: ["$SYS/#"], user: "" },
      { permission: "allow", action: "both", topics: ["open/#"], user: "" },
      { permission: "allow", action: "publish", topics: ["home/ann/#"], user: "ann" },
      { permission: "allow", action: "both", topics: ["with space/x"], user: "ann" },
      { permission: "allow", action: "subscribe", topics: ["jobs"], user: "bob b" },
      { permission: "allow", action: "both", topics: ["read"], user: "bob b" },
      { permission: "allow", action: "subscribe", topics: ["state/${username}/${clientid}"] },
    ]);
  });

  test("what denies a part of a Subscription stands behind it, so that the rest is granted", () => {
    const text =
      "user ann\ntopic readwrite home/#\ntopic deny home/vault\ntopic deny x\npattern deny home/+/%c\npattern read a/%u/#";
    expect(parseMosquittoAcl(text, "acl")).toEqual([
      { permission: "deny", action: "publish", topics: ["home/vault"], user: "ann" },
      { permission: "deny", action: "both", topics: ["x"], user: "ann" },
      { permission: "allow", action: "both", topics: ["home/#"], user: "ann" },
      { permission: "deny", action: "both", topics: ["home/+/${clientid}"] },
      { permission: "allow", action: "subscribe", topics: ["a/${username}/#"] },
      { permission: "deny", action: "subscribe", topics: ["home/vault"], user: "ann" },
    ]);
  });

  test.each([
    ["topic a\ntopik b", 'acl, line 2: "topik" is not known'],
    ["user", "acl, line 1: the name of the user is missing"],
    ["\n\ntopic", "acl, line 3: the topic is missing"],
    ["pattern read a%c", 'acl, line 1: "a%c": %c and %u must fill'],
    ["topic raed a/b", 'acl, line 1: "raed" is no access'],
    ["topic read eq a/#", 'acl, line 1: "eq a/#" would mean that text itself'],
    ["topic a/#/b", 'acl, line 1: "a/#/b"'],
    ["pattern ${clientid}/x", 'acl, line 1: "${clientid}" would be a placeholder'],
  ])("%j names its line", (text, words) => {
    expect(() => parseMosquittoAcl(text, "acl")).toThrow(words);
  });

  test("CVE-2018-12550: an empty file is no rule, and no rule denies", () => {
    expect(parseMosquittoAcl("", "acl")).toEqual([]);
  });
});

describe("EMQX's CSV", () => {
  test("becomes rules: a client's before a user's before those of everybody", () => {
    const text = [
      "\ufeffclientid,username,topic,action,access",
      ",,everybody/#,pubsub,deny",
      ',ann,"a,b/${username}",pub,allow',
      'c1,,"eq x/""y""/#",sub,allow',
      ",,open,all,allow",
      "",
    ].join("\r\n");
    expect(parseEmqxCsv(text, "acl.csv")).toEqual([
      { permission: "allow", action: "subscribe", topics: ['eq x/"y"/#'], client: "c1" },
      { permission: "allow", action: "publish", topics: ["a,b/${username}"], user: "ann" },
      { permission: "deny", action: "both", topics: ["everybody/#"] },
      { permission: "allow", action: "both", topics: ["open"] },
    ]);
  });

  test("with one column of who, as its consoles give it", () => {
    expect(parseEmqxCsv("username,topic,action,permission\nann,t,publish,allow\n", "u.csv")).toEqual([
      { permission: "allow", action: "publish", topics: ["t"], user: "ann" },
    ]);
  });

  test.each([
    ["", "f, line 1: there is no head"],
    ["topic,action\n", "f, line 1: the column access is missing"],
    ["topic,access\n", "f, line 1: the column action is missing"],
    ["topic,action,access,mood\n", 'f, line 1: the column "mood" is not known'],
    ["topic,action,access\na,pub,allow\nb,pub", "f, line 3: 2 fields"],
    ["topic,action,access\n\na,read,allow", 'f, line 3: the action "read"'],
    ["topic,action,access\na,pub,perhaps", "f, line 2: permission"],
    ['topic,action,access\n"a\nb",pub,allow\nx/#/y,pub,allow', "f, line 4: "],
    ['topic,action,access\n"a,pub,allow', 'f, line 2: a " stands'],
    ["topic,action,access\na/x${clientid},pub,allow", "f, line 2: "],
  ])("%j names its line", (text, words) => {
    expect(() => parseEmqxCsv(text, "f")).toThrow(words);
  });

  test("what is written is read again", () => {
    const rules: Rule[] = [
      { id: "1", permission: "deny", action: "publish", topics: ['a"b', "c,d"], client: "c" },
      { id: "2", permission: "allow", action: "both", topics: ["line\nfeed"], user: "u" },
      { id: "3", permission: "allow", action: "subscribe", topics: ["#"] },
    ];
    const expected = rules.flatMap(({ id: _id, topics, ...rule }) => topics.map((topic) => ({ ...rule, topics: [topic] })));
    expect(parseEmqxCsv(writeEmqxCsv(rules), "f")).toEqual(expected);
  });

  test.each([{ addresses: ["::1"] }, { qos: [1] }, { retain: true }, { user: "" }, { client: "c", user: "u" }] as Partial<Rule>[])(
    "%j cannot be said in it",
    (more) => {
      const rule: Rule = { id: "mine", permission: "allow", action: "publish", topics: ["a"], ...more };
      expect(() => writeEmqxCsv([rule])).toThrow("rule mine");
    },
  );
});
