import { readFile } from "node:fs/promises";
import { connect } from "@bowline/client";

const { url, username, password } = JSON.parse(await readFile(".bowline/first-user.json", "utf8"));
const client = connect(url, { credentials: { username, password }, tls: { ca: await readFile(".bowline/ca.pem", "utf8") } });
client.on("attemptFailed", ({ code, hints, retryInMs }) => console.warn(code, hints[0], retryInMs));

const readings = client.subscribe("demo/+/celsius", { qos: 1 });
await readings.ready; // the server has granted it; it rejects when the server refuses
await client.publish("demo/kitchen/celsius", "21.5", { qos: 1 }); // resolves with the PUBACK; survives a cut before it
for await (const message of readings) {
  console.log(message.topicName, message.json());
  break; // unsubscribes
}
await client.close(); // DISCONNECT, and the socket is really closed
