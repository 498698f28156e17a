import type { Report } from "@bowline/doctor";
import { MqttError } from "@bowline/protocol";
import { ExitCode, exitCodeOf } from "./exit-code.ts";

/** 0 for a connection that works, warnings or not; with `--strict` 1 for warnings; else what the cause stands for. */
export function exitCodeOfReport({ cause, healthy }: Report, isStrict = false): ExitCode {
  if (healthy || cause === null) return isStrict && cause !== null ? ExitCode.Failed : ExitCode.Well;
  return exitCodeOf(new MqttError(cause.id, { stage: cause.stage, retry: cause.retry }));
}
