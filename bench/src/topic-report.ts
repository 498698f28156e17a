// Prints the topic folder's figures alone: node bench/dist/topic-report.js
import { benchTopic } from "./topic.ts";

for (const { name, ns, otherName, otherNs } of benchTopic()) {
  console.log(`${name.padEnd(88)} ${ns.toFixed(0).padStart(5)} ns, ${otherName} ${otherNs.toFixed(0).padStart(5)} ns`);
}
