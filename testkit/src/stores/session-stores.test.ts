import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStore, memoryStore, type SessionStore } from "@bowline/client";
import { sessionStoreSuite } from "./session-store-suite.ts";

sessionStoreSuite("file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bowline-stores-"));
  return {
    make: () => fileStore(join(folder, "one", "deep")),
    makeOther: () => fileStore(join(folder, "other")),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});

sessionStoreSuite("memory", async () => {
  // Its place is the object itself.
  const store: SessionStore = memoryStore("one");
  return { make: () => store, makeOther: () => memoryStore("other"), remove: async () => undefined };
});
