#!/usr/bin/env node
// Runs the program of the package for this platform, which npm installed as an optional dependency.
"use strict";

const { spawnSync } = require("node:child_process");

const platform = `${process.platform}-${process.arch}`;

/** The path of the program, or undefined if its package is not installed. */
function program() {
  try {
    const suffix = process.platform === "win32" ? ".exe" : "";
    return require.resolve(`@nginx-ws-lint/${platform}/nginx-ws-lint${suffix}`);
  } catch {
    return undefined;
  }
}

const path = program();
if (path === undefined) {
  console.error(
    `nginx-ws-lint: the package @nginx-ws-lint/${platform} is not installed. ` +
      "Either there is none for this platform, or npm ran with --omit=optional.",
  );
  // Not all that was asked for could be done.
  process.exit(2);
}
const { status, signal, error } = spawnSync(path, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`nginx-ws-lint: ${error.message}`);
  process.exit(2);
}
if (signal) {
  process.kill(process.pid, signal);
}
process.exit(status ?? 2);
