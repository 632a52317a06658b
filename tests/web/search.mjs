// The search of a built site as the browser runs it, against the files of its index:
//
//     node search.mjs OUTPUT CASES.json
//
// A case is { "language": "/en" or "", "ask": "…", "first": "title", "has": ["title"], "none": true }.
import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { join } from "node:path";

const [, , output, cases] = process.argv;
await import(join(process.cwd(), output, "assets/search.js")).catch(() => import(join(output, "assets/search.js")));
let read = 0, files = 0;
const get = async (path) => {
  read += statSync(path).size;
  files += 1;
  return JSON.parse(readFileSync(path, "utf8"));
};
let wrong = 0;
for (const { language = "", ask, first, has = [], none = false, most } of JSON.parse(readFileSync(cases, "utf8"))) {
  const index = globalThis.aitherSearch.open(join(output, language, "search") + "/", get);
  [read, files] = [0, 0];
  const keys = await index.find(ask);
  const shown = (await index.show(keys.slice(0, 10))).map((found) => found.t);
  const missing = has.filter((title) => !shown.includes(title));
  const good = (none ? !keys.length : keys.length > 0) && (!first || shown[0] === first) && !missing.length && !(keys.length > most);
  if (!good) {
    wrong += 1;
    console.error(`"${ask}" gives ${keys.length}: ${JSON.stringify(shown)}, not ${JSON.stringify({ first, has, none, most })}`);
  }
  if (process.env.FIGURES) console.log(`"${ask}": ${keys.length} found, ${files} files, ${read} bytes`);
}
if (wrong) process.exit(1);
