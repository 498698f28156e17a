import type { ComponentChildren, JSX } from "preact";

/** More letters than fit beside a name in a column. */
const LONG = 20;

/** Names and values, one pair a line. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="figures">
      {rows.map(([name, value]) => (
        <div key={name} class={typeof value === "string" && value.length > LONG ? "long" : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a list says while there is none: that it is being asked for, or why it is not there. */
export function Waiting({ problem }: { problem: { readonly message: string } | undefined }): JSX.Element {
  return problem === undefined ? <p class="empty">Asking the broker</p> : <p class="bad">{problem.message}</p>;
}
