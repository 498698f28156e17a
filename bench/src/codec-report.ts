// Prints the codec's comparison alone: node bench/dist/codec-report.js
import { benchCodec } from "./codec.ts";

for (const { name, nsPerPacketOurs, nsPerPacketTheirs, ratio, target } of await benchCodec()) {
  const verdict = ratio >= target ? "held" : "MISSED";
  console.log(
    `${name.padEnd(32)} ${nsPerPacketOurs.toFixed(0).padStart(6)} ns, mqtt-packet ${nsPerPacketTheirs.toFixed(0).padStart(6)} ns: ` +
      `${ratio.toFixed(1).padStart(5)} x (target ${target} x, ${verdict})`,
  );
}
