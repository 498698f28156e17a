const providers =
  /\.(amazonaws\.com(\.cn)?|emqxsl\.(com|cn)|emqxcloud\.com|hivemq\.cloud|azure-devices\.net|eventgrid\.azure\.net|shiftr\.io|adafruit\.com)$/i;

/** Whether a host is a name of a provider whose brokers are on the public internet, so that a private address of it is a fault. */
export function isProviderName(host: string): boolean {
  return providers.test(host);
}
