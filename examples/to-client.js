import { connect } from "@bowline/client";

/**
 * @param {string} url
 * @param {{ username: string, password: string }} user
 */
export function start(url, user) {
  const client = connect(url, { credentials: user });
  client.on("attemptFailed", ({ error, hints }) => console.error(error.message, hints[0]));
  const greetings = client.subscribe("demo/#", { qos: 1 }, (message) => console.log(message.topicName, message.text()));
  // Nothing has to wait for the connection: the subscription goes first, then the message.
  const sent = greetings.ready.then(() => client.publish("demo/hello", "Hello", { qos: 1 }));
  sent.catch((error) => console.error(error.message)); // refused, or closed before it could be
  return client;
}
