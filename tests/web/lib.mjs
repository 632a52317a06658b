// What every check needs: a built sample site that `aither serve` answers for, and a browser.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import puppeteer from "puppeteer-core";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const PROGRAM = process.env.AITHER ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug", "aither");

/** Where a browser may be; nothing if there is none. */
export function chromium() {
  const known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return [process.env.CHROMIUM, ...known].find((path) => path && existsSync(path));
}

function run(args, root) {
  const result = spawnSync(PROGRAM, [...args, "--root", root], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`aither ${args.join(" ")}: ${result.stderr}`);
}

/**
 * Builds a site, the sample or another, in a folder of its own, with the theme of this folder, and serves it. `edit` may change the folder before the build;
 * the server sees `env` besides.
 * Gives the address, the folder, and what ends it all.
 */
export async function site(edit = () => {}, from = ROOT, env = {}) {
  const root = mkdtempSync(join(tmpdir(), "aither-web-"));
  for (const part of ["content", "data", "i18n", "static", "templates", "aither.toml", "courses.json"]) {
    if (existsSync(join(from, part))) cpSync(join(from, part), join(root, part), { recursive: true });
  }
  // The theme of this folder, not the one that the program was built with.
  cpSync(join(ROOT, "themes"), join(root, "themes"), { recursive: true });
  edit(root);
  run(["build", "--quiet"], root);
  const server = spawn(PROGRAM, ["serve", "--port", "0", "--root", root], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (data) => {
      said += data;
      const found = said.match(/http:\/\/[^\s/]+/);
      if (found) resolve(found[0]);
    });
    server.on("exit", () => reject(new Error(`aither serve ended; it said: ${said}`)));
  });
  const close = async () => {
    server.removeAllListeners("exit");
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  return { address, root, close };
}

/** Addresses of all pages of a built site, in order. */
export function pages(root) {
  const output = join(root, "output");
  const below = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? below(path) : [path];
    });
  const all = below(output).map((path) => `/${relative(output, path)}`);
  return all.filter((path) => path.endsWith(".html")).map((path) => path.replace(/index\.html$/, "")).sort();
}

/** The kind of a page, as the theme writes it on the body. */
export function kindOf(root, address) {
  const file = address.endsWith("/") ? `${address}index.html` : address;
  return readFileSync(join(root, "output", file), "utf8").match(/<body class="kind-([\w-]+)/)?.[1];
}

export function edit(root, path, change) {
  const file = join(root, path);
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

export async function browser() {
  return puppeteer.launch({
    executablePath: chromium(),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A tab at a width, in a scheme of colours. */
export async function tab(browser, { width = 1280, height = 900, scheme = "light", js = true, media = [] } = {}) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  await page.setJavaScriptEnabled(js);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, ...media]);
  return page;
}

/** A site of texts that nobody would write, in a language and with words of sixty letters wherever there are words. */
export const HOSTILE = join(ROOT, "tests", "sites", "hostile");

const WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter";
const WIDE = `| ${"Spalte, die breit ist | ".repeat(9)}\n|${"-|".repeat(9)}\n|${" Ein Wert, der auch nicht kurz ist |".repeat(9)}\n`;

const PROSE = `${WORD} und \`${WORD}\`.

## Aufgaben ${WORD}

- [ ] offen
- [x] getan, [und verlinkt](/courses/)
  - darunter
- ${WORD}

### Eine Tabelle

${WIDE}
### Noch eine

${WIDE}
| ${WORD} | kurz |
|-|-|
| ${WORD} | ${WORD} |

## Zitat und Code

> ${WORD}

    ${WORD.repeat(3)}

\`\`\`text
${WORD.repeat(3)}
\`\`\`

\`\`\`
${WORD.repeat(3)}
\`\`\`
`;

export function wordy(language) {
  return (root) => {
    const page = (title, more, text) => `+++\ntitle = "${title}"\n${more}\n+++\n${text}`;
    edit(root, "aither.toml", (text) =>
      `${text.replace(/language = .*/, `language = "${language}"`).replace(/title = .*/, `title = "${WORD}"`).replace(/base_url = .*/, 'base_url = "https://h.example"')}
[markdown]
heading_anchors = true
[theme.options]
logo = "${WORD}"
footer = "${WORD}"
eyebrow = "${WORD}"
home = ["next", "intro", "upcoming", "topics", "news"]
menu = [{ title = "${WORD}", url = "/prose/" }, { title = "Neues", url = "/news/" }]
footer_menu = [{ title = "${WORD}", url = "/prose/" }]
`);
    edit(root, "courses.json", (text) => {
      const courses = JSON.parse(text);
      const long = (id, start) => ({
        id, title: WORD, slug: id, level: "BEGINNER", startDate: start, endDate: start, location: `${WORD}, Saal`, instructor: WORD,
        description: `${WORD} ${WORD}`, participantCount: 3, seats: 20, price: 1480, currency: "EUR",
      });
      return JSON.stringify([...courses, ...["w1", "w2", "w3", "w4"].map((id, at) => long(id, `2099-0${at + 1}-10`))]);
    });
    mkdirSync(join(root, "content", "news"), { recursive: true });
    writeFileSync(join(root, "content", "prose.md"), page(WORD, `description = "${WORD}"\ntags = ["${WORD}"]\n[extra]\ntoc = true`, PROSE));
    writeFileSync(join(root, "content", "news", "_index.md"), page(WORD, `description = "${WORD}"`, WORD));
    for (const name of ["a", "b"]) {
      const more = `date = 2026-01-02\ndescription = "${WORD}"\ntags = ["${WORD}"]`;
      writeFileSync(join(root, "content", "news", `${name}.md`), page(`${WORD} ${name}`, more, PROSE));
    }
    writeFileSync(join(root, "content", "courses", "w1.md"), page(WORD, `tags = ["${WORD}"]`, PROSE));
  };
}

/** A site in several languages, at the root of its host, in another dress than the sample's. */
export const MULTILINGUAL = join(ROOT, "tests", "sites", "multilingual");

export function dressed(root) {
  const look = 'accent = "#ffd400"\nheadings = "sans"\ncorners = "square"\n';
  edit(root, "aither.toml", (text) => text.replace("/site\"", '"').replace("[theme.options]\n", `[theme.options]\n${look}`));
}
