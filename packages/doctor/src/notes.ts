import type { AttemptFacts } from "@bowline/protocol/internal";
import { Findings } from "./findings.ts";
import { adviceFor } from "./profiles.ts";
import type { DoctorOptions } from "./options.ts";
import type { Finding, Limits, StageLine } from "./report.ts";
import { Budget } from "./budget.ts";

// All probes together; a hold comes on top.
const wholeMs = 4600;

/** What the probes of one run write down, and what they are told. */
export class Notes {
  readonly options: DoctorOptions;
  readonly findings: Findings = new Findings();
  readonly stages: StageLine[] = [];
  facts: AttemptFacts = {};
  limits: Limits = {};
  chain: readonly string[] = [];
  budget: Budget = new Budget(wholeMs);

  constructor(options: DoctorOptions) {
    this.options = options;
  }

  now(): number {
    return this.options.now?.() ?? Date.now();
  }

  /** One line of the way to the broker. */
  line(stage: StageLine["stage"], status: StageLine["status"], text: string, ms?: number): void {
    this.stages.push({ stage, status, text, ...(ms === undefined ? {} : { ms: Math.round(ms) }) });
  }

  /** Draws the verdict from the facts, and says it in the line of its layer or of the one that is given. */
  fail(stage?: StageLine["stage"], hints: readonly string[] = [], facts: AttemptFacts = this.facts): Finding {
    const advice = adviceFor(facts.target?.host ?? "");
    const finding = this.findings.diagnose(facts, advice === undefined ? hints : [...hints, advice]);
    this.line(stage ?? layerOf(finding.stage), "fail", `${finding.title}: ${finding.evidence.observed}`);
    return finding;
  }
}

const layers = ["input", "dns", "tcp", "tls", "http", "mqtt", "session", "authz"] as const;

function layerOf(stage: string): StageLine["stage"] {
  return layers.find((name) => name === stage) ?? (stage === "ws" ? "http" : "mqtt");
}
