import { render } from "preact";
import { App } from "./app.tsx";
import { MqttModel } from "./mqtt/mqtt-model.ts";
import "./page/console.css";

/** Eight random characters: enough that two tabs do not take over each other's connection. */
function makeClientId(): string {
  const random = crypto.getRandomValues(new Uint8Array(4));
  return `console-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const model = new MqttModel(makeClientId());
// A tab that is closed says goodbye, so that the broker need not wait for its keep alive. One that comes back goes on as it was.
let wasConnected = false;
addEventListener("pagehide", () => {
  wasConnected = model.status.state !== "disconnected";
  void model.disconnect();
});
addEventListener("pageshow", (event) => {
  if (event.persisted && wasConnected) model.connect();
});
render(<App model={model} />, document.getElementById("root")!);
