import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { TopicText } from "../page/topic-text.tsx";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import type { PageMeta } from "../page/page-meta.ts";
import type { Refusal } from "./admin-api.ts";
import { Moment } from "./cells.tsx";
import { refusalWords } from "./refusal-words.ts";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 2_000;

const COLUMNS: readonly Column<Refusal>[] = [
  { name: "Client ID", cell: ({ clientIdentifier }) => <bdi>{visibleLine(clientIdentifier) || "(none)"}</bdi> },
  { name: "User", cell: ({ user = "" }) => <bdi>{visibleLine(user)}</bdi> },
  { name: "Last", cell: ({ at }) => <Moment at={at} /> },
  { name: "Times", isNumber: true, cell: ({ times }) => count(times) },
  {
    name: "From",
    isLong: true,
    cell: ({ remoteAddress, transport }) => <span class="nowrap">{`${remoteAddress || "unix socket"} (${transport})`}</span>,
  },
  { name: "What happened", isLong: true, cell: (refusal) => <Reason refusal={refusal} /> },
];

/** Clients that were not let in, were sent away for what they did, or may not publish or subscribe: why, and what to change. */
export function RefusedPage(): JSX.Element {
  const { value, problem } = useResource<{ refusals: readonly Refusal[]; meta: PageMeta }>(useTenantPath()("refusals"), EVERY_MS);
  return (
    <section class="card" aria-labelledby="refused-title">
      <h2 id="refused-title">Refused clients</h2>
      <p class="muted">
        The last ones since the broker was started: wrong credentials, answers of an authorizer that do not hold, quotas that were
        reached, what clients may not publish or subscribe to, and messages that a subscription matches and that they may not
        receive. One client with one reason has one row.
      </p>
      {value === undefined ? (
        <Waiting problem={problem} />
      ) : (
        <DataTable
          label="Refused clients"
          columns={COLUMNS}
          rows={value.refusals}
          keyOf={({ clientIdentifier, user, remoteAddress, action, topic, reason }) =>
            JSON.stringify([clientIdentifier, user, remoteAddress, action, topic, reason])
          }
          empty="No client was refused."
        />
      )}
    </section>
  );
}

const DENIED = {
  publish: "may not publish to",
  subscribe: "may not subscribe to",
  receive: "does not get the messages of",
} as const;

function Reason({ refusal }: { refusal: Refusal }): JSX.Element {
  const { code, reasonCode, reason, remedy, wasConnected, action, topic } = refusal;
  return (
    <span class="reason">
      <span>
        <code class="code">{code}</code>
        {reasonCode !== undefined && <small> told as 0x{reasonCode.toString(16).padStart(2, "0")}</small>}
        {wasConnected && action === undefined && <small>, was connected</small>}
      </span>
      {action !== undefined && (
        <span>
          {DENIED[action]} <TopicText topic={topic ?? ""} />
        </span>
      )}
      <span>{visibleLine(refusalWords(reason, code))}</span>
      <strong>{visibleLine(remedy)}</strong>
    </span>
  );
}
