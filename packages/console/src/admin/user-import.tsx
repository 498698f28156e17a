import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { useAction } from "../page/use-action.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import { send } from "./admin-api.ts";
import { useTenantPath } from "./tenant-scope.ts";

/** What the broker answers. */
interface Imported {
  readonly users: number;
  readonly superusers: readonly string[];
}

const HASHES = ["sha256", "sha512", "pbkdf2-sha256", "pbkdf2-sha512", "bcrypt"] as const;
const SALTS = { prefix: "before the password", suffix: "behind the password", disable: "none" } as const;
/** What the broker takes at most. */
const FILE_BYTES_MAX = 12 * 1024 * 1024;
/** Passwords are hashed one after the other: 2,000 of them in half a minute on a machine that has time. */
const TIME_LIMIT_MS = 300_000;

/** Adds the users of a CSV file, all or none. */
export function UserImport({ onImported }: { onImported: () => void }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const path = useTenantPath()("users/import");
  const [imported, setImported] = useState<Imported>();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setImported(undefined);
    const isWell = await run(async () => {
      const file = data.get("file") as File;
      if (file.size > FILE_BYTES_MAX) throw new Error("The file has more than 12 MiB: import it in parts.");
      const hashes = {
        hash: fieldText(data, "hash"),
        salt: fieldText(data, "salt"),
        iterations: Number(fieldText(data, "iterations")),
      };
      setImported(await send<Imported>("POST", path, { csv: await file.text(), ...hashes }, TIME_LIMIT_MS));
    });
    if (!isWell) return;
    form.reset();
    onImported();
  };
  return (
    <details class="card">
      <summary>Import users from a file</summary>
      <p class="muted">
        A CSV file with the columns <code>username,password</code>, or EMQX's <code>user_id,password_hash,salt,is_superuser</code>.
        All of them are added, or none.
      </p>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <div class="row">
          <label class="grow">
            <span>File</span>
            <input type="file" name="file" accept=".csv,text/csv" required />
          </label>
          <button type="submit" disabled={isBusy}>
            {isBusy ? "Importing" : "Import"}
          </button>
        </div>
        <HashFields />
      </form>
      <p role="status" class={problem === "" ? "good" : "bad"}>
        {isBusy && <span class="muted">Passwords are hashed one after the other: some 50 a second.</span>}
        {imported !== undefined && `Imported: ${count(imported.users)}.`}
        {problem}
      </p>
      {imported !== undefined && imported.superusers.length > 0 && (
        <p>
          These were superusers, and may do nothing here until a rule lets them:{" "}
          <bdi>{visibleLine(imported.superusers.join(", "))}</bdi>
        </p>
      )}
    </details>
  );
}

/** How the broker that wrote the file hashes: the file itself does not say. */
function HashFields(): JSX.Element {
  return (
    <details>
      <summary>How hashes in the file were made</summary>
      <div class="row">
        <label>
          <span>Algorithm</span>
          <select name="hash">
            {HASHES.map((hash) => (
              <option key={hash}>{hash}</option>
            ))}
          </select>
        </label>
        <label>
          <span>Salt</span>
          <select name="salt">
            {Object.entries(SALTS).map(([salt, title]) => (
              <option key={salt} value={salt}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Iterations of PBKDF2</span>
          <input type="number" name="iterations" min={1} max={5_000_000} required defaultValue="4096" />
        </label>
      </div>
    </details>
  );
}
