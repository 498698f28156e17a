export { ChromiumPage, type ChromiumPageOptions } from "./chromium-page.ts";
export { openClientPage, type PageGlobals, servePage } from "./client-page.ts";
export { LivingPage } from "./living-page.ts";
