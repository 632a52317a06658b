// Photographs pages of the sample: node screenshots.mjs FOLDER [ADDRESS…], at two widths, light and dark.
// With --docs as the folder: the pictures of the theme's README and of the dashboard's page.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { operated, signIn } from "./dashboard.mjs";
import { MULTILINGUAL, ROOT, browser, dressed, kindOf, pages, site, tab } from "./lib.mjs";

const [folder = "shots", ...asked] = process.argv.slice(2);
const docs = [
  ["home", "/", 1280, 900, "light"],
  ["catalogue", "/courses/", 1280, 900, "dark"],
  ["course", "/courses/ruhig-verhandeln/", 1280, 900, "light"],
  ["home-phone", "/", 390, 844, "light"],
  ["catalogue-phone", "/courses/", 390, 844, "light"],
  ["course-phone", "/courses/ruhig-verhandeln/", 390, 844, "dark"],
];

function everything(root) {
  const kinds = new Map();
  for (const address of pages(root)) {
    const kind = kindOf(root, address);
    if (kind && !kinds.has(kind)) kinds.set(kind, address);
  }
  const addresses = asked.length > 0 ? asked : [...kinds.values()];
  const name = (address) => address.replaceAll("/", "_").replace(/^_|_$/g, "") || "home";
  return ["light", "dark"].flatMap((scheme) =>
    [390, 1280].flatMap((width) =>
      addresses.map((address) => [`${name(address)}-${width}-${scheme}`, address, width, 900, scheme]),
    ),
  );
}

/** The dashboard on an ordinary day: all is well again, and something is left to be decided. */
async function dashboard(target) {
  const operators = await operated();
  try {
    operators.mend();
    await operators.sync();
    await signIn(chrome, operators);
    for (const [name, address] of [["dashboard", "/dashboard"], ["dashboard-source", "/dashboard/sources/lindenhof"]]) {
      const page = await tab(chrome, { height: 1000 });
      await page.goto(`${operators.address}${address}?lang=en`, { waitUntil: "load" });
      await page.waitForSelector("#pulse[data-state=live]");
      await page.screenshot({ path: join(target, `${name}.webp`), type: "webp", quality: 72 });
      await page.close();
    }
  } finally {
    await operators.close();
  }
}

const served = process.env.DRESSED ? await site(dressed, MULTILINGUAL) : await site();
const chrome = await browser();
try {
  const isDocs = folder === "--docs";
  const target = isDocs ? join(ROOT, "docs", "images") : folder;
  mkdirSync(target, { recursive: true });
  for (const [name, address, width, height, scheme] of isDocs ? docs : everything(served.root)) {
    const page = await tab(chrome, { width, height, scheme });
    await page.goto(served.address + address, { waitUntil: "networkidle0" });
    const form = isDocs ? { path: join(target, `academy-${name}.webp`), type: "webp", quality: 72 } : { path: join(target, `${name}.png`), fullPage: true };
    await page.screenshot(form);
    await page.close();
  }
  if (isDocs) await dashboard(target);
} finally {
  await chrome.close();
  await served.close();
}
