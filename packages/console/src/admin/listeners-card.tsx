import type { JSX } from "preact";

/** Where clients connect, and what they must trust. */
export function ListenersCard({ urls }: { urls: readonly string[] }): JSX.Element {
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
    </section>
  );
}

/** The local authority's certificate. A broker with a certificate of its own answers with a sentence that says so. */
export function CaLink(): JSX.Element {
  return <a href="/ca.crt">its CA certificate</a>;
}
