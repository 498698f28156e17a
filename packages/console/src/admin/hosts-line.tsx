import type { JSX } from "preact";

/** Where the broker is, as far as a page can tell: by the name that it was opened with. */
function brokerAddress(): string {
  const { hostname } = location;
  if (/^[\d.]+$/.test(hostname)) return hostname;
  return hostname === "localhost" || hostname.endsWith(".localhost") ? "127.0.0.1" : `ADDRESS-OF-${hostname}`;
}

/** What makes a tenant's names lead to the broker on a machine that does not know them. Names with a `*` cannot stand in a hosts file. */
export function HostsLine({ hosts }: { hosts: readonly string[] }): JSX.Element | null {
  const plain = hosts.filter((host) => !host.startsWith("*"));
  if (plain.length === 0) return null;
  return (
    <>
      <p class="muted apart">
        Clients ask for the name, and are led by it. Where it does not resolve, this line in the hosts file of the client's machine
        makes it; commands go without it, with <code>--connect-to {location.hostname}:PORT</code>.
      </p>
      <pre class="copied" tabIndex={0}>
        <code>
          {brokerAddress()} {plain.join(" ")}
        </code>
      </pre>
    </>
  );
}
