import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "@bowline/client";

/** Keeps the payload of each message in a file of its own, `000001-TOPIC`, and never writes over one that is there. */
export class MessageFolder {
  private readonly folder: string;
  private last = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  save(message: Message): void {
    // A topic is a stranger's word, and no path.
    const topic = message.topicName.replace(/[^\w.-]+/g, "_").slice(0, 100);
    for (;;) {
      const name = `${String(++this.last).padStart(6, "0")}-${topic}`;
      try {
        writeFileSync(join(this.folder, name), message.payload, { flag: "wx" });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }
}
