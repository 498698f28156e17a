import type { ErrorCode, RetryClass, Stage } from "@bowline/protocol";
import type { AttemptFacts } from "@bowline/protocol/internal";

/** How grave a finding is; only `fail` makes a connection fail. */
export type Severity = "info" | "warn" | "fail";

/** One thing to do. */
export interface Fix {
  readonly text: string;
  /** To copy to a terminal. */
  readonly command?: string;
  /** To copy to a configuration file. */
  readonly config?: string;
}

/** One fault, or what looks like one. */
export interface Finding {
  readonly id: ErrorCode;
  readonly severity: Severity;
  readonly stage: Stage;
  readonly title: string;
  readonly evidence: { readonly observed: string; readonly reasonCode?: number };
  /** Why this is the cause and no other; or that it is one of several. */
  readonly because: string;
  /** Codes that would explain the same, likeliest first; empty when the finding is certain. */
  readonly oneOf: readonly ErrorCode[];
  readonly fix: readonly Fix[];
  /** Page of the documentation. */
  readonly docs: string;
  readonly retry: RetryClass;
}

/** One layer of the way to the broker. */
export interface StageLine {
  readonly stage: "input" | "dns" | "tcp" | "tls" | "http" | "mqtt" | "session" | "authz";
  readonly status: "ok" | "warn" | "fail";
  readonly ms?: number;
  readonly text: string;
}

/** What the server allows, from its CONNACK. */
export type Limits = Readonly<Record<string, string | number | boolean>>;

/** The facts the verdict was drawn from, as JSON has them. */
export interface ReportFacts extends Omit<AttemptFacts, "firstBytes"> {
  /** The first bytes that came where MQTT or TLS was expected, in hexadecimal. */
  readonly firstBytes?: string;
}

/** All that one run found. No secret is in it. */
export interface Report {
  /** Of the schema: additions do not change it. */
  readonly v: 1;
  readonly type: "doctor";
  /** Without user info and secrets of the query. */
  readonly url: string;
  /** Whose broker it is, where the host's name says so. */
  readonly provider?: string;
  readonly healthy: boolean;
  /** The root cause: the first finding that fails, or else the first that warns. */
  readonly cause: Finding | null;
  /** All, in the order of the way to the broker. */
  readonly findings: readonly Finding[];
  readonly stages: readonly StageLine[];
  readonly limits: Limits;
  /** The chain of certificates, from the server's own upwards. */
  readonly chain: readonly string[];
  readonly facts: ReportFacts;
  readonly durationMs: number;
  /** What another machine saw of the same address, where a page asked one. */
  readonly outside?: Report;
}
