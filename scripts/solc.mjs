#!/usr/bin/env node
// The npm build of solc with the command line that forge and py-solc-x expect of the native compiler: `--version`, and
// `--standard-json` with the input on standard input or in a file. (Its own `solcjs` prints a line before the JSON and
// does not know `--allow-paths`.)
import { existsSync, readFileSync } from "node:fs";
import { resolve, sep } from "node:path";
import solc from "solc";

const OPTIONS_WITH_VALUE = new Set(["--base-path", "--include-path", "--allow-paths"]);

const folders = [];
const files = [];
let mode = null;
const given = process.argv.slice(2).flatMap((word) => (/^--[a-z-]+=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
while (given.length > 0) {
  const word = given.shift();
  if (word === "--version" || word === "--standard-json") {
    mode = word;
  } else if (OPTIONS_WITH_VALUE.has(word)) {
    const value = given.shift();
    if (word !== "--allow-paths") folders.push(resolve(value));
  } else if (word.startsWith("--")) {
    console.error(`solc.mjs: unknown option ${word}`);
    process.exit(1);
  } else if (word !== "-") {
    files.push(word);
  }
}

function findImport(name) {
  for (const folder of folders) {
    const file = resolve(folder, name);
    if (file.startsWith(folder + sep) && existsSync(file)) return { contents: readFileSync(file, "utf8") };
  }
  return { error: `${name} is in none of the folders given` };
}

if (mode === "--version") {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (mode === "--standard-json") {
  const input = readFileSync(files[0] ?? 0, "utf8");
  process.stdout.write(solc.compile(input, { import: findImport }));
} else {
  console.error("solc.mjs: --version or --standard-json is needed");
  process.exit(1);
}
