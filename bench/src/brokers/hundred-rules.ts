/** A list of 100 access rules, of every kind: what the targets are held with. The last one is what lets the user's load through. */
export function hundredRules(user: string): object[] {
  const rules: object[] = [];
  const rule = (permission: "allow" | "deny", topics: string[], more: object = {}): void => {
    rules.push({ permission, action: "both", topics, ...more });
  };
  for (let i = 0; i < 60; i++) rule(i % 3 === 0 ? "deny" : "allow", [`site/${i}/+/state`, `fleet/${i}/#`]);
  for (let i = 0; i < 20; i++) rule("allow", [`users/${i}/#`], { user: `user-${i}` });
  for (let i = 0; i < 17; i++) rule("deny", [`+/secret/${i}/#`], { action: "subscribe", addresses: ["10.0.0.0/8"] });
  rule("allow", ["own/${clientid}/#"]);
  rule("allow", ["+/${username}/#"], { action: "publish" });
  rule("allow", ["#"], { user });
  return rules;
}
