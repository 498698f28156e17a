import type { ComponentChildren, JSX } from "preact";

/** One column of a table whose rows are of type T. */
export interface Column<T> {
  readonly name: string;
  readonly isNumber?: boolean;
  /** Whole sentences: in a card it has the width for itself. */
  readonly isLong?: boolean;
  readonly cell: (row: T) => ComponentChildren;
  /** What its heading asks for; a column without it cannot be ordered by. */
  readonly order?: string;
}

/** By what the rows are ordered. */
export interface Order {
  readonly by: string;
  readonly isDescending: boolean;
}

export interface DataTableProps<T> {
  /** What the table shows, for whoever does not see it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  readonly order?: Order;
  readonly onOrder?: (order: Order) => void;
  /** Said in place of rows. */
  readonly empty: string;
}

/**
 * A table that becomes a list of cards where it would not fit: nothing is ever cut or hidden at the side. The first column names its row.
 * Roles are written out, since a browser forgets those of a table that is laid out as something else.
 */
export function DataTable<T>({ label, columns, rows, keyOf, order, onOrder, empty }: DataTableProps<T>): JSX.Element {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const canOrder = order !== undefined && onOrder !== undefined;
  return (
    <>
      {canOrder && <OrderSelect columns={columns} order={order} onOrder={onOrder} />}
      <table role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <Heading key={column.name} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={keyOf(row)}>
              {columns.map((column, index) => (
                <Cell key={column.name} column={column} row={row} isFirst={index === 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Cell<T>({ column, row, isFirst }: { column: Column<T>; row: T; isFirst: boolean }): JSX.Element {
  if (isFirst) {
    return (
      <th role="rowheader" scope="row">
        {column.cell(row)}
      </th>
    );
  }
  return (
    <td role="cell" class={column.isNumber === true ? "number" : column.isLong === true ? "long" : undefined}>
      {/* The heading, beside the value where the headings are not in view. */}
      <span class="cell-name" aria-hidden="true">
        {column.name}
      </span>
      <span class="cell-value">{column.cell(row)}</span>
    </td>
  );
}

interface HeadingProps<T> {
  readonly column: Column<T>;
  readonly order: Order | undefined;
  readonly onOrder: ((order: Order) => void) | undefined;
}

function Heading<T>({ column, order, onOrder }: HeadingProps<T>): JSX.Element {
  const { name, order: by } = column;
  const numberClass = column.isNumber === true ? "number" : undefined;
  if (by === undefined || order === undefined || onOrder === undefined) {
    return (
      <th role="columnheader" scope="col" class={numberClass}>
        {name}
      </th>
    );
  }
  const isOrdered = order.by === by;
  // Of numbers the largest are what one looks for.
  const isDescending = isOrdered ? !order.isDescending : column.isNumber === true;
  return (
    <th
      role="columnheader"
      scope="col"
      class={numberClass}
      aria-sort={isOrdered ? (order.isDescending ? "descending" : "ascending") : "none"}
    >
      <button type="button" class="sort" onClick={() => onOrder({ by, isDescending })}>
        {name}
        <span aria-hidden="true">{isOrdered ? (order.isDescending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

/** In place of the headings, where there are cards. */
function OrderSelect<T>({
  columns,
  order,
  onOrder,
}: {
  columns: readonly Column<T>[];
  order: Order;
  onOrder: (order: Order) => void;
}): JSX.Element {
  const choose = (by: string): void => onOrder({ by, isDescending: columns.find((each) => each.order === by)?.isNumber === true });
  return (
    <label class="order-select">
      <span>Order by</span>
      <select value={order.by} onChange={(event) => choose(event.currentTarget.value)}>
        {columns.map(
          ({ name, order: by }) =>
            by !== undefined && (
              <option key={by} value={by}>
                {name}
              </option>
            ),
        )}
      </select>
    </label>
  );
}
