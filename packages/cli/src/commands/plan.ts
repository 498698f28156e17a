import type { Plan } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { AdminClient } from "../admin-client.ts";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { printPlan } from "../print-plan.ts";

export const plan: Command = {
  usage: [
    "bowline plan list",
    "bowline plan show NAME",
    "bowline plan create NAME [--from PLAN] [LIMIT=VALUE]...",
    "bowline plan set NAME LIMIT=VALUE...",
    "bowline plan delete NAME",
  ],
  description: [
    "Manages the plans of a running broker: sets of limits that tenants share (bowline tenant plan TENANT NAME). LIMIT is maximumUsers,",
    "maximumRules, maximumRulesPerUser, or a limit of the configuration that a tenant may have of its own, such as maximumSessions; LIMIT= with",
    "nothing takes it out, and what a plan does not say is as the configuration has it. A change is in force at once for all who have the plan.",
    "A plan that a tenant has cannot be deleted; the built-in serverless is as it was after it.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    from: { type: "string", value: "PLAN", help: "With create: begin with what this plan says." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline plan create small maximumSessions=100 publishesPerSecond=5 maximumUsers=20",
    "bowline plan set small maximumSessions=200 maximumUsers=",
    "bowline plan delete small",
  ],
  run: async (line) => act(line, (await adminTarget(line)).client),
};

async function act(line: CommandLine, admin: AdminClient): Promise<number> {
  const [action, name = "", ...changes] = line.words;
  if (action === "list") {
    for (const each of (await admin.request<{ plans: Plan[] }>("GET", "/api/v1/plans")).plans) printPlan(line, each);
    return ExitCode.Well;
  }
  if (action === "delete") await admin.request("DELETE", pathOf(name));
  else if (action === "show") printPlan(line, await show(admin, name));
  else if (action === "set") {
    printPlan(line, await put(admin, changed(await show(admin, name), changes)));
  } else {
    const { plans } = await admin.request<{ plans: Plan[] }>("GET", "/api/v1/plans?limit=1000");
    if (plans.some((each) => each.name === name))
      throw new MqttError("USAGE", { detail: `there is a plan "${name}": change it with set` });
    const from = line.text("from");
    const begun = from === undefined ? { limits: {} } : await show(admin, from);
    printPlan(line, await put(admin, changed({ ...begun, name }, changes)));
  }
  return ExitCode.Well;
}

function pathOf(name: string): string {
  return `/api/v1/plans/${encodeURIComponent(name)}`;
}

function show(admin: AdminClient, name: string): Promise<Plan> {
  return admin.request("GET", pathOf(name));
}

function put(admin: AdminClient, { name, ...body }: Plan): Promise<Plan> {
  return admin.request("PUT", pathOf(name), body);
}

const BOUNDS: readonly string[] = ["maximumUsers", "maximumRules", "maximumRulesPerUser"];

/** The broker says which limits there are, and what they may be. */
function changed({ name, limits, ...bounds }: Plan, changes: readonly string[]): Plan {
  const [newLimits, newBounds]: Record<string, unknown>[] = [{ ...limits }, { ...bounds }];
  for (const change of changes) {
    const at = change.indexOf("=");
    if (at < 1) throw new MqttError("USAGE", { detail: `"${change}" is not LIMIT=VALUE` });
    const [key, value] = [change.slice(0, at), change.slice(at + 1)];
    const group = BOUNDS.includes(key) ? newBounds! : newLimits!;
    if (value === "") delete group[key];
    else group[key] = /^\d+$/.test(value) ? Number(value) : value;
  }
  return { name, limits: newLimits!, ...newBounds };
}
