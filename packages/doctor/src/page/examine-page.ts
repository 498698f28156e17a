import { addWholeCatalogue } from "@bowline/protocol/internal";
import { secretsOf } from "../hide-secrets.ts";
import { Notes } from "../notes.ts";
import type { Report } from "../report.ts";
import { reportOf } from "../report-of.ts";
import { PageExamination } from "./page-examination.ts";
import { type PageDoctorOptions, unusableOptions } from "./page-options.ts";

/**
 * Finds out in a page why a connection to a broker fails, as far as a page can see: where the browser does not tell several causes
 * apart, the report lists them as "one of". Within 5 s, unless it is to hold the connection. Never rejects for what it finds.
 */
export async function examine(url: string, options: PageDoctorOptions = {}): Promise<Report> {
  const startedAt = performance.now();
  // Findings name causes of every layer; a page carries the rows of few.
  addWholeCatalogue();
  const notes = new Notes(options);
  await new PageExamination(notes, options, unusableOptions(options)).run(url);
  return reportOf(notes, url, startedAt, secretsOf(url, options));
}
