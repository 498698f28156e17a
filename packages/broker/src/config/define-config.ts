import type { BrokerConfigInput } from "./broker-config.ts";

/**
 * The configuration of a broker as a TypeScript file, checked while it is written:
 *
 * ```ts
 * import { defineConfig } from "@bowline/broker";
 *
 * export default defineConfig({ listen: ["mqtts://0.0.0.0:8883"], log: { format: "json" } });
 * ```
 *
 * It answers what it is given; `bowline up --config bowline.config.ts` reads it.
 */
export function defineConfig(config: BrokerConfigInput): BrokerConfigInput {
  return config;
}
