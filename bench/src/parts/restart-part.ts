import { reloadTable, returnTable } from "../compare/tables.ts";
import { measureReload } from "../restart/reload-of-sessions.ts";
import { measureReturn } from "../restart/return-of-many.ts";
import type { Report } from "./report.ts";

/** Seconds within which a thousand clients are back, and a hundred thousand sessions loaded. */
const RETURN_SECONDS = 15;
const RELOAD_SECONDS = 10;

/** What a restart is to those who were connected and to those who were away. */
export async function restartPart(report: Report): Promise<void> {
  const clients = report.isQuick ? 200 : 1000;
  report.doing(`${clients} clients come back`);
  const back = await measureReturn(clients);
  report.show("return", back, returnTable(back, RETURN_SECONDS));
  for (const { kind, seconds } of back.returns) {
    if (seconds > RETURN_SECONDS)
      report.miss(`${clients} clients (${kind}) back after ${seconds.toFixed(1)} s of ${RETURN_SECONDS}`);
  }
  const sessions = report.isQuick ? 10_000 : 100_000;
  report.doing(`${sessions} sessions are loaded`);
  const reload = await measureReload(sessions);
  report.show("reload", reload, reloadTable(reload, RELOAD_SECONDS));
  if (reload.cleanSeconds > RELOAD_SECONDS) report.miss(`${sessions} sessions loaded in ${reload.cleanSeconds.toFixed(1)} s`);
}
