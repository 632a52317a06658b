// Photographs pages: node screenshots.mjs FOLDER [ADDRESS…], at two widths, light and dark.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { browser, kindOf, pages, site, tab } from "./lib.mjs";

const [folder = "shots", ...asked] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const served = await site();
const chrome = await browser();
try {
  const kinds = new Map();
  for (const address of pages(served.root)) {
    const kind = kindOf(served.root, address);
    if (kind && !kinds.has(kind)) kinds.set(kind, address);
  }
  const addresses = asked.length > 0 ? asked : [...kinds.values()];
  for (const scheme of ["light", "dark"]) {
    for (const width of [390, 1280]) {
      const page = await tab(chrome, { width, scheme });
      for (const address of addresses) {
        await page.goto(served.address + address, { waitUntil: "networkidle0" });
        const name = address.replaceAll("/", "_").replace(/^_|_$/g, "") || "home";
        await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
      }
      await page.close();
    }
  }
} finally {
  await chrome.close();
  served.close();
}
