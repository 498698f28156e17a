import type { ComponentChildren, JSX } from "preact";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Facts, Waiting } from "../page/facts.tsx";
import { addressOf } from "../page/route.ts";
import { TopicText } from "../page/topic-text.tsx";
import { useAction } from "../page/use-action.ts";
import { useResource } from "../page/use-resource.ts";
import { bytes, count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import { type ConnectionDetail, type DropCounts, send, type SubscriptionRow } from "./admin-api.ts";
import { endOf } from "./session-end.ts";
import { Loss, Moment, UserName, versionName } from "./cells.tsx";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 1_000;

/** One connection: who it is, what it holds, what it lost, and its end. */
export function ClientPage({ id }: { id: string }): JSX.Element {
  const { value, problem } = useResource<ConnectionDetail>(useTenantPath()(`connections/${encodeURIComponent(id)}`), EVERY_MS);
  const isGone = problem?.status === 404;
  return (
    <>
      <p class="back">
        <a href={addressOf("clients")}>All clients</a>
      </p>
      {isGone && (
        <p class="alarm" role="alert">
          This connection has ended. {value !== undefined && "What is below was last known of it."} The client may have come back as
          another one.
        </p>
      )}
      {value === undefined ? !isGone && <Waiting problem={problem} /> : <Client client={value} isGone={isGone} />}
    </>
  );
}

function Client({ client, isGone }: { client: ConnectionDetail; isGone: boolean }): JSX.Element {
  return (
    <div class={isGone ? "pair stale" : "pair"}>
      <section class="card" aria-labelledby="client-title">
        <div class="card-head">
          <h2 id="client-title">
            <bdi>{visibleLine(client.clientIdentifier) || "(empty Client ID)"}</bdi>
          </h2>
          {!isGone && <Actions client={client} />}
        </div>
        <Facts rows={connectionFacts(client)} />
      </section>
      <section class="card" aria-labelledby="session-title">
        <h2 id="session-title">Session</h2>
        <Facts rows={sessionFacts(client)} />
        <h3>Not delivered to it</h3>
        <Facts rows={dropFacts(client.drops)} />
      </section>
      <section class="card wide" aria-labelledby="subscriptions-title">
        <h2 id="subscriptions-title">Subscriptions ({count(client.subscriptions)})</h2>
        <DataTable
          label="Subscriptions"
          columns={SUBSCRIPTION_COLUMNS}
          rows={client.subscriptionList}
          keyOf={({ topicFilter }) => topicFilter}
          empty="It subscribes to nothing."
        />
        {client.subscriptionList.length < client.subscriptions && (
          <p class="muted">The first {count(client.subscriptionList.length)} are shown.</p>
        )}
      </section>
    </div>
  );
}

function Actions({ client: { id, clientIdentifier } }: { client: ConnectionDetail }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const path = useTenantPath()(`connections/${id}`);
  return (
    <div class="buttons">
      <a class="button quiet" href={addressOf("trace", "", { client: clientIdentifier })}>
        Trace
      </a>
      <a class="button quiet" href={addressOf("bans", "", { kind: "client", value: clientIdentifier })}>
        Ban
      </a>
      <ConfirmButton
        label="Disconnect"
        name={`Disconnect ${visibleLine(clientIdentifier)}`}
        isBusy={isBusy}
        onConfirm={() => void run(() => send("DELETE", path))}
      />
      <p class="bad" role="alert">
        {problem}
      </p>
    </div>
  );
}

type Rows = readonly (readonly [string, ComponentChildren])[];

function connectionFacts({
  owner,
  transport,
  remoteAddress,
  remotePort,
  localPort,
  protocolVersion,
  connectedAt,
  tls,
  id,
}: ConnectionDetail): Rows {
  const rows: [string, ComponentChildren][] = [
    ["User", <UserName name={owner} />],
    ["MQTT", versionName(protocolVersion)],
    ["Transport", transport],
    ["Address", `${remoteAddress}${remotePort > 0 ? ` port ${remotePort}` : ""}`],
    ["Port of the broker", localPort > 0 ? String(localPort) : "unix socket"],
    ["Connected", <Moment at={connectedAt} />],
    ["Number of the connection", String(id)],
  ];
  if (tls !== undefined) {
    rows.push(["TLS", tls.protocol], ["Client certificate", tls.hasCertificate ? "trusted" : "none"]);
    rows.push(["Name asked for", visibleLine(tls.serverName ?? "none")], ["Cipher", tls.cipher]);
  }
  return rows;
}

function sessionFacts({ session, inFlight, queued, queuedBytes, bufferedBytes, publishesRefused }: ConnectionDetail): Rows {
  return [
    ["Ends", endOf(session.expiryInterval)],
    ["Will", session.hasWill ? "yes" : "none"],
    ["In flight", count(inFlight)],
    ["Queued", `${count(queued)} (${bytes(queuedBytes)})`],
    ["In its transport", bytes(bufferedBytes)],
    ["Unreleased QoS 2 messages", count(session.unreleased)],
    ["Messages refused over its rate", <Loss value={publishesRefused} />],
  ];
}

const DROP_NAMES: readonly (readonly [keyof DropCounts, string])[] = [
  ["slowClient", "Transport full (QoS 0)"],
  ["queueFull", "Queue full"],
  ["blocked", "Refused to the publisher"],
  ["tooLarge", "Too large for it"],
  ["expired", "Expired"],
  ["revoked", "Right lost"],
];

function dropFacts(drops: DropCounts): Rows {
  return DROP_NAMES.map(([key, name]) => [name, <Loss value={drops[key]} />]);
}

const RETAIN_HANDLING: readonly string[] = ["sent", "sent when new", "not sent"];
const SUBSCRIPTION_COLUMNS: readonly Column<SubscriptionRow>[] = [
  {
    name: "Topic filter",
    cell: ({ topicFilter }) => (
      <code>
        <TopicText topic={topicFilter} />
      </code>
    ),
  },
  { name: "QoS", cell: ({ qos }) => qos },
  { name: "Its own messages", cell: ({ noLocal }) => (noLocal ? "no" : "yes") },
  { name: "Retained messages", cell: ({ retainHandling }) => RETAIN_HANDLING[retainHandling] ?? "" },
  { name: "Retain flag", cell: ({ retainAsPublished }) => (retainAsPublished ? "as published" : "cleared") },
];
