import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useResource } from "../page/use-resource.ts";
import type { OverviewList } from "./admin-api.ts";
import { DEFAULT_TENANT } from "./tenant-scope.ts";

const EVERY_MS = 5_000;
/** More than anybody finds in a list; the page of the tenants has them all. */
const SHOWN_MAX = 200;

/** Which tenant the pages are about. Nothing where there is one only. */
export function TenantChooser({ tenant, onChoose }: { tenant: string; onChoose: (tenant: string) => void }): JSX.Element | null {
  const { value, refresh } = useResource<OverviewList>(`overviews?limit=${SHOWN_MAX}`, EVERY_MS);
  const names = value?.tenants.map(({ name }) => name);
  const last = useRef({ tenant, value });
  useEffect(() => {
    // A list from before the choice may not know a tenant that was made since.
    if (last.current.tenant !== tenant) {
      last.current = { tenant, value };
      refresh();
    } else if (value !== undefined && value !== last.current.value && isGone(tenant, value)) onChoose(DEFAULT_TENANT);
  }, [tenant, value]);
  if (names === undefined || (names.length < 2 && tenant === DEFAULT_TENANT)) return null;
  const options = names.includes(tenant) ? names : [...names, tenant];
  return (
    <label class="chooser">
      <span>Tenant</span>
      <select value={tenant} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function isGone(tenant: string, { tenants, meta }: OverviewList): boolean {
  return !meta.hasNext && tenants.every(({ name }) => name !== tenant);
}
