import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { limitsSchema } from "../config/limits-schema.ts";
import { isTenantLimit, type TenantLimits } from "../connection/tenant-limits.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";

/** What tenants of one kind may have. What a plan does not say is as the configuration's limits have it. */
export interface Plan {
  readonly name: string;
  readonly limits: TenantLimits;
  /** MQTT users. */
  readonly maximumUsers?: number | undefined;
  /** Access rules. */
  readonly maximumRules?: number | undefined;
  /** Access rules about one user, and about one Client Identifier. */
  readonly maximumRulesPerUser?: number | undefined;
}

/** What EMQX Serverless gives a deployment. */
const SERVERLESS: Plan = {
  name: "serverless",
  maximumUsers: 2_000,
  maximumRules: 2_000,
  maximumRulesPerUser: 100,
  limits: {
    maximumSessions: 1_000,
    tenantPublishesPerSecond: 1_000,
    publishesPerSecond: 10,
    maximumSubscriptions: 10,
    maximumTopicLevels: 10,
    // A payload of 1 MB, its topic and its properties.
    maximumPacketSize: 1_048_576 + 65_536,
    maximumRetainedMessages: 2_000,
    maximumQueuedMessages: 1_000,
    maximumInFlight: 32,
    receiveMaximum: 32,
    maximumSessionExpiryInterval: 7_200,
  },
};

const BUILT_IN: readonly Plan[] = [SERVERLESS];
/** Where they stand in the store. No tenant can have that name. */
const OPERATOR = "$operator";
const ROW = "$plan:";
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const PLANS_MAX = 100;

const planBody = z.strictObject({
  limits: z.record(z.string(), z.unknown()).default({}),
  maximumUsers: z.int().min(0).optional(),
  maximumRules: z.int().min(0).optional(),
  maximumRulesPerUser: z.int().min(0).optional(),
});

/** The plans there are: those that are built in, as operators have changed them, and their own. */
export class Plans {
  /** Of tenants that have none of their own; the configuration's. */
  ofOthers: string | undefined;
  readonly #storage: Storage;
  readonly #plans = new Map<string, Plan>(BUILT_IN.map((plan) => [plan.name, plan]));

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @throws MqttError STORE_DAMAGED */
  begin(rows: readonly StoredRule[]): void {
    for (const { tenant, id, rule } of rows) {
      if (tenant !== OPERATOR || !id.startsWith(ROW)) continue;
      const name = id.slice(ROW.length);
      try {
        this.#plans.set(name, parsePlan(name, JSON.parse(rule)));
      } catch (cause) {
        throw new MqttError("STORE_DAMAGED", { detail: `the plan "${name}" cannot be read`, cause });
      }
    }
  }

  list(): Plan[] {
    return [...this.#plans.values()];
  }

  /** @throws MqttError PLAN_UNKNOWN */
  get(name: string): Plan {
    const plan = this.#plans.get(name);
    if (plan === undefined) throw new MqttError("PLAN_UNKNOWN", { detail: `"${name}"` });
    return plan;
  }

  has(name: string): boolean {
    return this.#plans.has(name);
  }

  /** What holds for a tenant that has that plan, or none; undefined: the limits of the configuration. */
  of(name: string | undefined): Plan | undefined {
    return this.#plans.get(name ?? this.ofOthers ?? "");
  }

  /**
   * Makes a plan, or puts another in its place.
   *
   * @throws MqttError OPTION_INVALID, which names what is wrong, STORE_READ_ONLY and the like
   */
  async put(name: string, value: unknown): Promise<Plan> {
    if (!NAME.test(name)) throw new MqttError("OPTION_INVALID", { detail: "a plan's name has 1 to 63 of a-z, 0-9 and -" });
    if (!this.#plans.has(name) && this.#plans.size >= PLANS_MAX)
      throw new MqttError("OPTION_INVALID", { detail: `there can be no more than ${PLANS_MAX} plans` });
    const plan = parsePlan(name, value);
    const { name: _, ...row } = plan;
    this.#storage.putRule({ tenant: OPERATOR, id: ROW + name, order: -1, rule: JSON.stringify(row) });
    this.#plans.set(name, plan);
    await this.#storage.flush();
    return plan;
  }

  /**
   * Forgets a plan; one that is built in is again as it was.
   *
   * @throws MqttError PLAN_UNKNOWN, STORE_READ_ONLY and the like
   */
  async remove(name: string): Promise<void> {
    this.get(name);
    this.#storage.deleteRule(OPERATOR, ROW + name);
    const builtIn = BUILT_IN.find((plan) => plan.name === name);
    if (builtIn === undefined) this.#plans.delete(name);
    else this.#plans.set(name, builtIn);
    await this.#storage.flush();
  }
}

function parsePlan(name: string, value: unknown): Plan {
  const body = planBody.safeParse(value);
  if (!body.success) throw invalid(body.error);
  const { limits: given, ...rest } = body.data;
  const foreign = Object.keys(given).find((each) => !isTenantLimit(each));
  if (foreign !== undefined)
    throw new MqttError("OPTION_INVALID", { detail: `limits.${foreign}: a tenant has no such limit of its own` });
  const checked = limitsSchema.safeParse(given);
  if (!checked.success) throw invalid(checked.error);
  // Only what was said: the rest stays as the configuration has it.
  const limits = Object.fromEntries(Object.entries(checked.data).filter(([key]) => key in given)) as TenantLimits;
  return { name, limits, ...rest };
}

function invalid(error: z.ZodError): MqttError {
  const faults = error.issues.map(({ path, message }) => `${path.join(".") || "the plan"}: ${message}`);
  return new MqttError("OPTION_INVALID", { detail: faults.join("; ") });
}
