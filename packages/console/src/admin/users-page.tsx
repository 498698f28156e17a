import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { fieldText } from "../page/field-text.ts";
import { ListCard } from "../page/list-card.tsx";
import type { PageMeta } from "../page/page-meta.ts";
import { type Action, useAction } from "../page/use-action.ts";
import { useList } from "../page/use-list.ts";
import { visibleLine } from "../text/visible-text.ts";
import { send, type UserRow } from "./admin-api.ts";
import { Moment } from "./cells.tsx";
import { useTenantPath } from "./tenant-scope.ts";
import { UserImport } from "./user-import.tsx";

const EVERY_MS = 5_000;

/** The users of the store. Those whom another authenticator names are not among them. */
export function UsersPage(): JSX.Element {
  const pathOf = useTenantPath();
  const list = useList<{ users: readonly UserRow[]; meta: PageMeta }>(pathOf("users"), EVERY_MS);
  const { refresh } = list;
  const [renewed, setRenewed] = useState<string>();
  const action = useAction();
  const act = async (request: () => Promise<unknown>): Promise<void> => {
    if (await action.run(request)) refresh();
  };
  const done = (): void => {
    setRenewed(undefined);
    refresh();
  };
  const columns: readonly Column<UserRow>[] = [
    { name: "User", cell: ({ username }) => <bdi>{visibleLine(username)}</bdi> },
    { name: "Since", cell: ({ createdAt }) => <Moment at={createdAt} /> },
    { name: "State", cell: ({ disabled }) => (disabled ? <span class="bad">disabled</span> : "may log in") },
    { name: "Actions", cell: (user) => <UserActions user={user} act={act} onRenew={setRenewed} /> },
  ];
  return (
    <>
      <PasswordForm key={renewed ?? ""} username={renewed} onDone={done} />
      <UserImport onImported={refresh} />
      <ListCard title="Users" list={list} meta={({ meta }) => meta} searchBy="User name" problem={action.problem}>
        {({ users }) => (
          <DataTable
            label="Users"
            columns={columns}
            rows={users}
            keyOf={({ username }) => username}
            empty={list.search.trim() === "" ? "There is no user yet." : "No user has such a name."}
          />
        )}
      </ListCard>
    </>
  );
}

interface UserActionsProps {
  readonly user: UserRow;
  readonly act: (request: () => Promise<unknown>) => Promise<void>;
  readonly onRenew: (username: string) => void;
}

function UserActions({ user: { username, disabled }, act, onRenew }: UserActionsProps): JSX.Element {
  const path = useTenantPath()(`users/${encodeURIComponent(username)}`);
  const name = visibleLine(username);
  return (
    <span class="buttons">
      <button type="button" class="quiet" aria-label={`New password of ${name}`} onClick={() => onRenew(username)}>
        Password
      </button>
      {disabled ? (
        <button
          type="button"
          class="quiet"
          aria-label={`Enable ${name}`}
          onClick={() => void act(() => send("DELETE", `${path}/disabled`))}
        >
          Enable
        </button>
      ) : (
        <ConfirmButton label="Disable" name={`Disable ${name}`} onConfirm={() => void act(() => send("PUT", `${path}/disabled`))} />
      )}
      <ConfirmButton label="Remove" name={`Remove ${name}`} onConfirm={() => void act(() => send("DELETE", path))} />
    </span>
  );
}

/** Adds a user, or gives `username` another password. */
function PasswordForm({ username, onDone }: { username: string | undefined; onDone: () => void }): JSX.Element {
  const action: Action = useAction();
  const pathOf = useTenantPath();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const password = fieldText(data, "password");
    const request = (): Promise<unknown> =>
      username === undefined
        ? send("POST", pathOf("users"), { username: fieldText(data, "username"), password })
        : send("PUT", pathOf(`users/${encodeURIComponent(username)}/password`), { password });
    if (!(await action.run(request))) return;
    form.reset();
    onDone();
  };
  return (
    <section class="card" aria-labelledby="user-title">
      <h2 id="user-title">{username === undefined ? "Add a user" : `New password of ${visibleLine(username)}`}</h2>
      <p class="muted">
        {username === undefined
          ? "A new user may do nothing until a rule lets it."
          : "Connections of the user end, and only the new password opens others."}
      </p>
      <form class="row" onSubmit={(event) => void submit(event)}>
        {username === undefined && (
          <label class="grow">
            <span>User name</span>
            <input name="username" required autocomplete="off" autocapitalize="none" spellcheck={false} />
          </label>
        )}
        <label class="grow">
          <span>Password</span>
          <input type="password" name="password" required autocomplete="new-password" />
        </label>
        <button type="submit" disabled={action.isBusy}>
          {username === undefined ? "Add" : "Set"}
        </button>
        {username !== undefined && (
          <button type="button" class="quiet" onClick={onDone}>
            Cancel
          </button>
        )}
      </form>
      <p class="bad" role="alert">
        {action.problem}
      </p>
    </section>
  );
}
