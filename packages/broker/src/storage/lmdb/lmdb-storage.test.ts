import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storageSuite } from "@bowline/testkit/storage";
import { openStorage } from "../open-storage.ts";

for (const durability of ["durable", "relaxed"] as const) {
  storageSuite(`LMDB, ${durability}`, () => {
    const directory = mkdtempSync(join(tmpdir(), "bowline-store-"));
    return Promise.resolve({
      open: () => openStorage({ directory, durability }),
      dispose: () => Promise.resolve(rmSync(directory, { recursive: true })),
    });
  });
}
