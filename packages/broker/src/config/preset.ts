/** Settings that belong together under one name; see presets.ts. */
export const PRESETS = ["serverless"] as const;
export type Preset = (typeof PRESETS)[number];
