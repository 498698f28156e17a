import type { JSX } from "preact";
import { DEFAULT_TENANT, useTenantScope } from "../admin/tenant-scope.ts";
import { ClientStatus } from "./client-status.tsx";
import { MessageList } from "./message-list.tsx";
import type { MqttModel } from "./mqtt-model.ts";
import { PublishForm } from "./publish-form.tsx";
import { SubscribeForm } from "./subscribe-form.tsx";
import { useModel } from "./use-model.ts";

/** An MQTT client in the page, over WebSocket on the page's own origin. */
export function MqttPanel({ model }: { model: MqttModel }): JSX.Element {
  useModel(model);
  const { tenant } = useTenantScope();
  return (
    <section class="card mqtt" id="mqtt-client" aria-labelledby="mqtt-title" tabIndex={-1}>
      <div class="card-head">
        <h2 id="mqtt-title">MQTT client</h2>
        <p class="muted">
          <code>{model.clientId}</code> on <code>wss://{location.host}/mqtt</code>
          {tenant !== DEFAULT_TENANT && `, at the tenant ${tenant}`}
        </p>
      </div>
      <div class="mqtt-columns">
        <div class="mqtt-controls">
          <ClientStatus model={model} />
          <SubscribeForm model={model} />
          <PublishForm model={model} />
        </div>
        <MessageList model={model} />
      </div>
    </section>
  );
}
