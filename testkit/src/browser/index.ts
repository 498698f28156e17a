export { ChromiumPage, type ChromiumPageOptions } from "./chromium-page.ts";
export { openClientPage, type PageGlobals } from "./client-page.ts";
