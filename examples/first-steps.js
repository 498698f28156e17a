import { connect } from "@bowline/client";

/**
 * @param {string} url
 * @param {(signal: AbortSignal) => Promise<string>} token
 */
export async function firstSteps(url, token) {
  const client = connect(url, {
    credentials: async ({ signal }) => ({ username: "ann", password: await token(signal) }), // asked before every attempt
  });
  client.on("attemptFailed", ({ code, hints, retryInMs }) => console.warn(code, hints[0], retryInMs)); // one for each failed attempt

  const readings = client.subscribe("demo/+/celsius", { qos: 1 });
  await client.publish("demo/kitchen/celsius", "21.5", { qos: 1 }); // resolves at the acknowledgement; survives any cut
  for await (const message of readings) {
    console.log(message.topicName, message.json());
    break; // unsubscribes
  }
  await client.close(); // sends what is left, then DISCONNECT, and resolves when the socket is closed
  // or: client.abort() cuts the connection, so that the server publishes the will
}
