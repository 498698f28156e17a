import { connect } from "@bowline/client";

const client = connect("/mqtt", {
  credentials: async ({ signal }) => {
    const answer = await fetch("/mqtt-token", { signal });
    if (!answer.ok) throw new Error(`no token: HTTP ${answer.status}`);
    return await answer.json(); // { username, password, expiresAt }
  },
});

client.on("status", (now) => {
  const retry = now.state === "waiting" ? `: ${now.lastFailure.hints[0]}` : "";
  place("status").textContent = now.state + retry;
});

/** @type {Map<string, HTMLTableCellElement>} */
const cells = new Map();
client.subscribe("demo/+/celsius", { qos: 1 }, (message) => {
  const cell = cells.get(message.topicName) ?? newCell(message.topicName);
  cell.textContent = message.text();
});

/** @param {string} topicName */
function newCell(topicName) {
  const row = /** @type {HTMLTableElement} */ (place("readings")).insertRow();
  row.insertCell().textContent = topicName;
  const cell = row.insertCell();
  cells.set(topicName, cell);
  return cell;
}

/** @param {string} id */
function place(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
