import { MqttError } from "@bowline/protocol";
import { AWS_IOT_LIMITS } from "../realtime/aws-iot-profile.ts";
import type { BrokerConfig, BrokerConfigInput } from "./broker-config.ts";
import type { MeaningFault } from "./meaning-fault.ts";

/** What a preset, or the profile of another service, says where nothing else is said. */
export function withPreset(input: BrokerConfigInput): BrokerConfigInput {
  const limited = input.profile === "aws-iot" ? { ...input, limits: { ...AWS_IOT_LIMITS, ...input.limits } } : input;
  if (limited.preset !== "serverless") return limited;
  return { ...limited, tls: { requireSni: true, ...input.tls }, tenants: { plan: "serverless", ...input.tenants } };
}

/** What contradicts the preset: a broker that calls itself so must be so. */
export function presetFaults({ preset, listen, anonymous, tls }: BrokerConfig): MeaningFault[] {
  if (preset !== "serverless") return [];
  const faults: MeaningFault[] = [];
  const fault = (path: readonly PropertyKey[], detail: string): void =>
    void faults.push({ path, error: new MqttError("CONFIG_INVALID", { detail: `${detail}, as the preset serverless says` }) });
  if (anonymous) fault(["anonymous"], "anonymous: no client comes in without credentials");
  if (!tls.requireSni) fault(["tls", "requireSni"], "tls.requireSni: every client names the host it wants");
  for (const [i, { url, requireSni }] of listen.entries()) {
    if (!/^(mqtts|wss):/i.test(url)) fault(["listen", i], `listen: "${url}" must be mqtts:// or wss://`);
    if (requireSni === false) fault(["listen", i, "requireSni"], "requireSni: every client names the host it wants");
  }
  return faults;
}
