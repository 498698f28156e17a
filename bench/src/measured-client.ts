// One client in a process of its own: node bench/dist/measured-client.js --library client|drop-in|mqttjs --form callbacks|promises
// --direction publish|receive --qos 0 --count N --port PORT of a far end. Prints one JSON line.
import type mqtt from "mqtt";
import { parseClientRun } from "./clients/client-run-options.ts";
import { MeasuredRun } from "./clients/measured-run.ts";
import { runMqttjs } from "./clients/run-mqttjs.ts";

const run = new MeasuredRun(parseClientRun(process.argv.slice(2)));
switch (run.options.library) {
  case "client":
    await (await import("./clients/run-client.ts")).runClient(run);
    break;
  case "drop-in": {
    const { connect } = await import("@bowline/mqttjs");
    // Its types take what MQTT.js's do, but are types of its own.
    await runMqttjs(connect as unknown as typeof mqtt.connect, run);
    break;
  }
  case "mqttjs": {
    const { default: mqtt } = await import("mqtt");
    await runMqttjs(mqtt.connect, run);
  }
}
console.log(JSON.stringify(run.end()));
