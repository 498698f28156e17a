import type { AttemptFacts } from "@bowline/protocol/internal";
import { type Doubt, Findings, noDoubt } from "./findings.ts";
import { adviceFor } from "./profiles.ts";
import type { DoctorOptions } from "./options.ts";
import type { Finding, Limits, StageLine } from "./report.ts";
import { Budget } from "./budget.ts";

// All probes together; a hold comes on top.
const wholeMs = 4600;
// What is kept of it for the verdict.
const verdictMs = 200;
// Who asks for a day's hold does not want to wait a day for a CONNACK.
const holdWaitMsMax = 60_000;

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

  /** How long a late CONNACK is waited for: to the end of the run, and as long again as the connection was to be held. */
  get lateMs(): number {
    const { holdSeconds = 0 } = this.options;
    return Math.max(1, this.budget.upTo(Infinity) - verdictMs) + Math.min(holdSeconds * 1000, holdWaitMsMax);
  }

  now(): number {
    return this.options.now?.() ?? Date.now();
  }

  /** One line of the way to the broker. */
  line(stage: StageLine["stage"], status: StageLine["status"], text: string, ms?: number): void {
    this.stages.push({ stage, status, text, ...(ms === undefined ? {} : { ms: Math.round(ms) }) });
  }

  /** Draws the verdict from the facts, and says it in the line of its layer or of the one that is given. */
  fail(
    stage?: StageLine["stage"],
    hints: readonly string[] = [],
    facts: AttemptFacts = this.facts,
    doubt: Doubt = noDoubt,
  ): Finding {
    const advice = adviceFor(facts.target?.host ?? "");
    const finding = this.findings.diagnose(facts, {
      ...doubt,
      hints: [...hints, ...doubt.hints, ...(advice === undefined ? [] : [advice])],
    });
    this.line(stage ?? layerOf(finding.stage), "fail", `${finding.title}: ${finding.evidence.observed}`);
    return finding;
  }
}

const layers = ["input", "dns", "tcp", "tls", "http", "mqtt", "session", "authz"] as const;

function layerOf(stage: string): StageLine["stage"] {
  return layers.find((name) => name === stage) ?? (stage === "ws" ? "http" : "mqtt");
}
