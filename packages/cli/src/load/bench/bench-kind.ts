/** What a bench may do, as its first word says. */
export const BENCH_KINDS = ["pairs", "fan-in", "fan-out", "pub", "sub", "conn"] as const;
export type BenchKind = (typeof BENCH_KINDS)[number];
