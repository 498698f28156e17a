import type { JSX } from "preact";
import { HostsLine } from "./hosts-line.tsx";

/** Where clients connect, and what they must trust. `hosts`: the names that a tenant is reached by. */
export function ListenersCard({ urls, hosts = [] }: { urls: readonly string[]; hosts?: readonly string[] }): JSX.Element {
  return (
    <section class="card wide" aria-labelledby="listeners-title">
      <h2 id="listeners-title">How to connect</h2>
      <ul class="listeners" aria-label="Listeners">
        {urls.map((url) => (
          <li key={url}>
            <code>{url}</code>
          </li>
        ))}
      </ul>
      <p class="muted">
        Clients must trust the authority that issued the broker's certificate: pass <CaLink /> to them as <code>ca</code>, or run{" "}
        <code>bowline trust</code> on their machine.
      </p>
      <HostsLine hosts={hosts} />
    </section>
  );
}

/** The local authority's certificate. A broker with a certificate of its own answers with a sentence that says so. */
export function CaLink(): JSX.Element {
  return <a href="/ca.crt">its CA certificate</a>;
}
