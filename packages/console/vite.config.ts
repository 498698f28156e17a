import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  // The siblings' sources, so that the page never mixes an old build of theirs with a new one of its own.
  resolve: { conditions: ["@bowline/source", "browser", "import", "default"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The broker's Content-Security-Policy allows files of its own origin only: nothing may become a data URL or an inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
