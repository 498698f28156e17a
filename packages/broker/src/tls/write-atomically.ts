import { chmod, rename, writeFile } from "node:fs/promises";

/** Writes a file so that a crash leaves the old one or the new one, never a part. */
export async function writeAtomically(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, content, { mode, flush: true });
  // The mode of writeFile holds for new files only, and a crash may have left this one with another mode.
  await chmod(temporary, mode);
  await rename(temporary, file);
}
