/** The pages of the console, in the order of its navigation. */
export const PAGES = [
  { name: "overview", title: "Overview" },
  { name: "clients", title: "Clients" },
  { name: "messages", title: "Messages" },
  { name: "trace", title: "Trace" },
  { name: "users", title: "Users" },
  { name: "rules", title: "Rules" },
  { name: "bans", title: "Bans" },
  { name: "limits", title: "Limits" },
  { name: "usage", title: "Usage" },
  { name: "refused", title: "Refused" },
  { name: "tenants", title: "Tenants" },
  { name: "plans", title: "Plans" },
  { name: "doctor", title: "Doctor" },
] as const;
export type PageName = (typeof PAGES)[number]["name"];

/** Those that only the operator has. */
const OF_OPERATOR: ReadonlySet<PageName> = new Set(["tenants", "plans"]);

export function isPageOf(page: PageName, isOperator: boolean): boolean {
  return isOperator || !OF_OPERATOR.has(page);
}

/** What the part of the address behind `#` says: `#/clients/12`, `#/trace?client=dash-1`. */
export interface Route {
  readonly page: PageName;
  /** What stands behind the page's name; empty for none. */
  readonly item: string;
  readonly query: URLSearchParams;
}

/** Whatever it is, it leads somewhere: an address that is not known is the overview's. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", item = ""] = path.split("/", 2);
  const page = PAGES.find((each) => each.name === name)?.name ?? "overview";
  return { page, item: page === name ? decoded(item) : "", query: new URLSearchParams(query) };
}

export function addressOf(page: PageName, item = "", query: Readonly<Record<string, string>> = {}): string {
  const parameters = new URLSearchParams(query).toString();
  return `#/${page}${item === "" ? "" : `/${encodeURIComponent(item)}`}${parameters === "" ? "" : `?${parameters}`}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
