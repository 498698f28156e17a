import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count } from "../text/numbers.ts";
import { timeOfDay } from "../text/times.ts";
import { visibleLine } from "../text/visible-text.ts";
import type { ConnectionRow } from "./admin-api.ts";

interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
  /** What rows are ordered by. */
  readonly key: (row: ConnectionRow) => string | number;
  readonly cell: (row: ConnectionRow) => JSX.Element | string;
}

const VERSIONS: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };
const COLUMNS: readonly [Column, ...Column[]] = [
  { name: "Client ID", key: (row) => row.clientIdentifier, cell: (row) => <bdi>{visibleLine(row.clientIdentifier)}</bdi> },
  {
    name: "User",
    key: (row) => row.owner,
    cell: (row) => (row.owner === "" ? <i>anonymous</i> : <bdi>{visibleLine(row.owner)}</bdi>),
  },
  { name: "Transport", key: (row) => row.transport, cell: (row) => row.transport },
  { name: "Address", key: (row) => row.remoteAddress, cell: (row) => row.remoteAddress },
  { name: "MQTT", key: (row) => row.protocolVersion, cell: (row) => VERSIONS[row.protocolVersion] ?? String(row.protocolVersion) },
  { name: "Connected", key: (row) => row.connectedAt, cell: (row) => <Connected at={row.connectedAt} /> },
  { name: "Subscriptions", isNumber: true, key: (row) => row.subscriptions, cell: (row) => count(row.subscriptions) },
  { name: "In flight", isNumber: true, key: (row) => row.inFlight, cell: (row) => count(row.inFlight) },
  { name: "Queued", isNumber: true, key: (row) => row.queued, cell: (row) => count(row.queued) },
  { name: "Dropped", isNumber: true, key: (row) => row.dropped, cell: (row) => <Dropped value={row.dropped} /> },
];
/** More rows than anybody reads; the filter finds the others. */
const MAXIMUM_ROWS = 100;

interface Order {
  readonly column: Column;
  readonly isDescending: boolean;
}

/** The clients that are connected now. `ownClientId` marks the row of this page. */
export function ConnectionTable({ rows, ownClientId }: { rows: readonly ConnectionRow[]; ownClientId: string }): JSX.Element {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>({ column: COLUMNS[0], isDescending: false });
  const found = rows.filter((row) => contains(row, search.trim().toLowerCase())).sort((a, b) => compare(a, b, order));
  const shown = found.slice(0, MAXIMUM_ROWS);
  return (
    <section class="card connections" aria-labelledby="connections-title">
      <div class="card-head">
        <h2 id="connections-title">Connections</h2>
        <p class="muted">{extent(shown.length, found.length, rows.length)}</p>
        <label class="search">
          <span>Filter</span>
          <input
            type="search"
            value={search}
            placeholder="Client ID, user or address"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      </div>
      {/* Scrolls by itself on narrow screens, so it must be reachable by keyboard. */}
      <div class="table-scroll" role="region" aria-labelledby="connections-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.name} column={column} order={order} onOrder={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.id} row={row} isOwn={row.clientIdentifier === ownClientId} />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && (
          <p class="empty">{rows.length === 0 ? "No client is connected." : "No connection matches the filter."}</p>
        )}
      </div>
    </section>
  );
}

function Heading({ column, order, onOrder }: { column: Column; order: Order; onOrder: (order: Order) => void }): JSX.Element {
  const isOrdered = order.column === column;
  // Of numbers the largest are what one looks for.
  const isDescending = isOrdered ? !order.isDescending : column.isNumber === true;
  return (
    <th
      scope="col"
      class={column.isNumber === true ? "number" : undefined}
      aria-sort={isOrdered ? (order.isDescending ? "descending" : "ascending") : "none"}
    >
      <button type="button" class="sort" onClick={() => onOrder({ column, isDescending })}>
        {column.name}
        <span aria-hidden="true">{isOrdered ? (order.isDescending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

function Row({ row, isOwn }: { row: ConnectionRow; isOwn: boolean }): JSX.Element {
  const [first, ...others] = COLUMNS;
  return (
    <tr>
      <th scope="row">
        {first.cell(row)}
        {isOwn && <span class="tag">this page</span>}
      </th>
      {others.map((column) => (
        <td key={column.name} class={column.isNumber === true ? "number" : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function Connected({ at }: { at: number }): JSX.Element {
  return <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>;
}

function Dropped({ value }: { value: number }): JSX.Element {
  return <span class={value > 0 ? "bad" : undefined}>{count(value)}</span>;
}

function contains({ clientIdentifier, owner, remoteAddress, transport }: ConnectionRow, search: string): boolean {
  return [clientIdentifier, owner, remoteAddress, transport].some((text) => text.toLowerCase().includes(search));
}

function compare(a: ConnectionRow, b: ConnectionRow, { column, isDescending }: Order): number {
  const [left, right] = [column.key(a), column.key(b)];
  const sign = left < right ? -1 : left > right ? 1 : a.id - b.id;
  return isDescending ? -sign : sign;
}

function extent(shown: number, found: number, all: number): string {
  if (shown < found) return `${count(shown)} of ${count(found)} shown`;
  return found < all ? `${count(found)} of ${count(all)}` : count(all);
}
