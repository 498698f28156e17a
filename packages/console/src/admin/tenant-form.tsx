import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { addressOf } from "../page/route.ts";
import { useAction } from "../page/use-action.ts";
import { send } from "./admin-api.ts";
import { HostsLine } from "./hosts-line.tsx";
import { NameField } from "./name-field.tsx";
import { PlanSelect } from "./plan-select.tsx";
import { Text } from "./rule-form.tsx";
import { listOf } from "./rule-words.ts";
import { pathOfTenant } from "./tenant-scope.ts";

/** What the broker answers for a new tenant. */
interface Made {
  readonly name: string;
  readonly hosts: readonly string[];
}

/** Makes a tenant, and its first user where one is given, who may do everything there. */
export function TenantForm({ onMade }: { onMade: () => void }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const [made, setMade] = useState<Made>();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setMade(undefined);
    const isWell = await run(async () => {
      const tenant = await send<Made>("POST", "tenants", tenantOf(data));
      setMade(tenant);
      onMade();
      await addFirstUser(tenant.name, fieldText(data, "user"), fieldText(data, "password"));
    });
    if (isWell) form.reset();
  };
  return (
    <section class="card" aria-labelledby="tenant-form-title">
      <h2 id="tenant-form-title">Create a tenant</h2>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <div class="row">
          <NameField />
          <Text name="hosts" title="Further host names" placeholder="mqtt.example.com, *.acme.example.com" />
          <PlanSelect name="plan" />
        </div>
        <div class="row">
          <Text name="user" title="First user" placeholder="none" />
          <label class="grow">
            <span>Its password</span>
            <input type="password" name="password" autocomplete="new-password" />
          </label>
        </div>
        <CertificateFields />
        <button type="submit" disabled={isBusy}>
          Create
        </button>
      </form>
      <p class="bad" role="alert">
        {problem}
      </p>
      {made !== undefined && (
        <div role="status">
          <p class="good">
            The tenant <a href={addressOf("tenants", made.name)}>{made.name}</a> is ready.
          </p>
          <HostsLine hosts={made.hosts} />
        </div>
      )}
    </section>
  );
}

/** Where its TLS comes from, for a tenant that is to have its own. */
function CertificateFields(): JSX.Element {
  return (
    <details>
      <summary>A certificate of its own</summary>
      <p class="muted">
        Files on the broker's machine, in PEM. Without them the tenant shows the configuration's certificate where that has its
        names, else one of the local authority.
      </p>
      <div class="row">
        <Text name="certificate" title="Certificate" placeholder="/etc/bowline/acme.pem" />
        <Text name="key" title="Its key" placeholder="/etc/bowline/acme.key" />
        <Text name="clientCa" title="Authorities of its clients" placeholder="none" />
      </div>
    </details>
  );
}

function tenantOf(form: FormData): Record<string, unknown> {
  const hosts = listOf(fieldText(form, "hosts"), /[,\s]/);
  const files = ["certificate", "key", "clientCa"].map((name) => [name, fieldText(form, name).trim()] as const);
  const tls = Object.fromEntries(files.filter(([, file]) => file !== ""));
  const plan = fieldText(form, "plan");
  return {
    name: fieldText(form, "name").trim(),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(plan === "" ? {} : { plan }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

async function addFirstUser(tenant: string, username: string, password: string): Promise<void> {
  if (username === "") return;
  await send("POST", pathOfTenant(tenant, "users"), { username, password });
  const rule = { id: "first-user", permission: "allow", action: "both", topics: ["#"], user: username };
  await send("POST", pathOfTenant(tenant, "rules"), rule);
}
