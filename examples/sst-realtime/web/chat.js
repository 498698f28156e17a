import { connect } from "@bowline/client";

const { endpoint, authorizer, room } = await (await fetch("/realtime.json")).json();

form("enter", ({ user = "" }) => enter(user));
place("enter").hidden = false;

/** @param {string} user */
function enter(user) {
  const client = connect(`${endpoint}/mqtt`, {
    session: { clientId: `${user}-${crypto.randomUUID()}` },
    // Asked before each attempt: a page that was asleep comes back with a token that holds.
    credentials: async ({ signal }) => {
      const answer = await fetch(`/token?user=${user}`, { signal });
      const { token, expiresAt } = await answer.json();
      return { query: { "x-amz-customauthorizer-name": authorizer }, username: "", password: token, expiresAt };
    },
  });
  client.on("status", (now) => {
    const reason = now.state === "waiting" ? `: ${now.lastFailure.hints[0]}` : "";
    place("status").textContent = now.state === "online" ? `connected as ${user}` : now.state + reason;
  });
  client.subscribe(`${room}/#`, { qos: 1 }, (message) => {
    // Nobody may publish below another name, so the topic says who it was.
    show(message.topicName.slice(room.length + 1), message.text());
  });
  form("say", ({ text = "" }) => client.publish(`${room}/${user}`, text, { qos: 1 }));
  place("enter").hidden = true;
  place("say").hidden = false;
}

/**
 * @param {string} user
 * @param {string} text
 */
function show(user, text) {
  const line = document.createElement("li");
  line.textContent = `${user}: ${text}`;
  place("messages").append(line);
}

/**
 * @param {string} id
 * @param {(fields: Record<string, string>) => unknown} submitted
 */
function form(id, submitted) {
  const element = /** @type {HTMLFormElement} */ (place(id));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submitted(/** @type {Record<string, string>} */ (Object.fromEntries(new FormData(element))));
    element.reset();
  });
}

/** @param {string} id */
function place(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
