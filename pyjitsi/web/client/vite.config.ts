import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = "http://localhost:8080";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2023",
    chunkSizeWarningLimit: 900,
    rolldownOptions: { checks: { pluginTimings: false } }, // how long plugins take is no news to who builds
  },
  server: {
    // `vite dev` beside a running `pyjitsi up`
    proxy: {
      "/config.js": server,
      "/http-bind": server,
      "/conference-request": server,
      "/xmpp-websocket": { target: server, ws: true },
      "/colibri-ws": { target: server, ws: true },
    },
  },
  test: {
    // The tests run in Node, what they test in browsers.
    alias: { "strophe.js": new URL("node_modules/strophe.js/dist/strophe.esm.js", import.meta.url).pathname },
    include: ["src/**/*.test.ts"],
  },
});
