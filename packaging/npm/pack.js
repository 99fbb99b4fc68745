#!/usr/bin/env node
// Makes the npm packages: one for each platform with its program, and `nginx-ws-lint`, which runs the right one.
//
//   node packaging/npm/pack.js VERSION OUT linux-x64=PROGRAM [win32-x64=PROGRAM.exe …]
//
// A platform is `process.platform`-`process.arch` of Node.js. `npm pack` writes the tarballs into OUT.
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const [version, out, ...programs] = process.argv.slice(2);
if (programs.length === 0) {
  console.error("usage: pack.js VERSION OUT PLATFORM=PROGRAM…");
  process.exit(2);
}

const root = path.resolve(__dirname, "../..");
const about = {
  version,
  license: "MIT OR Apache-2.0",
  keywords: ["nginx", "websocket", "lint"],
};

/** Writes a package into a folder of OUT and packs it. `files` are [name, source, mode]. */
function pack(folder, manifest, files) {
  const target = path.join(out, "npm", folder);
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });
  for (const [name, source, mode] of files) {
    fs.copyFileSync(source, path.join(target, name));
    fs.chmodSync(path.join(target, name), mode);
  }
  for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    fs.copyFileSync(path.join(root, name), path.join(target, name));
  }
  fs.writeFileSync(path.join(target, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  execFileSync("npm", ["pack", "--silent", "--pack-destination", path.resolve(out)], { cwd: target });
}

// The folders of the packages, until they are packed.
process.on("exit", () => fs.rmSync(path.join(out, "npm"), { recursive: true, force: true }));

const optionalDependencies = {};
for (const entry of programs) {
  const [platform, program] = entry.split("=", 2);
  const [os, cpu] = platform.split("-", 2);
  const name = `@nginx-ws-lint/${platform}`;
  optionalDependencies[name] = version;
  pack(
    platform,
    { name, description: `nginx-ws-lint for ${os} on ${cpu}`, ...about, os: [os], cpu: [cpu], preferUnplugged: true },
    [[os === "win32" ? "nginx-ws-lint.exe" : "nginx-ws-lint", program, 0o755]],
  );
}
pack(
  "nginx-ws-lint",
  {
    name: "nginx-ws-lint",
    description: "Will WebSockets work through this nginx, stay up, and if not, which line is to blame",
    ...about,
    bin: { "nginx-ws-lint": "bin.js" },
    engines: { node: ">=18" },
    optionalDependencies,
  },
  [
    ["bin.js", path.join(__dirname, "bin.js"), 0o755],
    ["README.md", path.join(root, "crates/nginx-ws-lint/README.md"), 0o644],
  ],
);
