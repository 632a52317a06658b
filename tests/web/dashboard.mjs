// A site with a past: runs that went well and badly, an open conflict, dead letters. And a tab that is signed in to its dashboard.
import { createHmac } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { site, tab } from "./lib.mjs";

const TOKEN = "admin-token-of-the-checks";
const SECRET = "webhook-secret-of-the-checks";

const CONFIG = `[site]
title = "Akademie am Lindenhof"
base_url = "https://akademie-lindenhof.example"
language = "de"
time_zone = "Europe/Berlin"

[[sources]]
id = "lindenhof"
type = "file"
path = "lindenhof.json"

[[sources]]
id = "partnerschule"
type = "file"
path = "partnerschule.json"
`;

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const course = (id, title, offset) => ({ id, slug: id, title, level: "BEGINNER", startDate: day(offset), participantCount: 8 });

/** A site as the operators of one know it; in the colour of its house, if that is named. */
export async function operated(accent) {
  const courses = Array.from({ length: 14 }, (_, at) => course(`kurs-${at + 1}`, `Kurs ${at + 1}`, at + 3));
  courses[0] = course("ruhig-verhandeln", "Ruhig verhandeln", 9);
  let root;
  const put = (file, rows) => writeFileSync(join(root, file), typeof rows === "string" ? rows : JSON.stringify(rows));
  const mend = () => put("partnerschule.json", [course("zuhoeren", "Zuhören lernen", 20), course("moderation", "Moderation", 30)]);
  const edit = (folder) => {
    root = folder;
    writeFileSync(join(root, "aither.toml"), accent ? `${CONFIG}\n[theme.options]\naccent = "${accent}"\n` : CONFIG);
    put("lindenhof.json", courses);
    mend();
    mkdirSync(join(root, "content", "courses"), { recursive: true });
    const front = 'course = "lindenhof:ruhig-verhandeln"\\npush = ["title", "description"]\\ntitle = "Ruhig verhandeln in schwierigen Gesprächen"\\n';
    writeFileSync(join(root, "content", "courses", "ruhig-verhandeln.md"), `+++\n${front.replaceAll("\\n", "\n")}+++\n\nText.\n`);
  };
  const served = await site(edit, join(import.meta.dirname, "nowhere"), { AITHER_ADMIN_TOKEN: TOKEN, WEBHOOK_SECRET: SECRET });
  const call = (method, path, body, headers = {}) =>
    fetch(served.address + path, {
      method,
      body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...headers },
    });
  const sync = (connector = "all") => call("POST", "/api/sync", { connector }, { Prefer: "wait=60" });
  const event = (id, type, courseId) => {
    const text = JSON.stringify({ id, type, resourceId: courseId, resourceType: "course", data: { courseId }, timestamp: new Date().toISOString() });
    const signature = createHmac("sha256", SECRET).update(text).digest("hex");
    return fetch(`${served.address}/api/webhooks/partnerschule`, {
      method: "POST",
      body: text,
      headers: { "Content-Type": "application/json", "x-webhook-signature": signature },
    });
  };
  for (let round = 0; round < 21; round += 1) {
    courses[3 + (round % 9)].title += ` ${round}`;
    if (round % 4 === 1) courses.push(course(`neu-${round}`, `Neuer Kurs ${round}`, 40 + round));
    if (round % 7 === 6) courses.pop();
    if (round === 9) put("lindenhof.json", "[");
    else put("lindenhof.json", courses);
    await sync(round % 3 === 2 ? "lindenhof" : "all");
  }
  courses[0].title = "Ruhig verhandeln: Grundlagen für schwierige Gespräche";
  put("lindenhof.json", courses);
  put("partnerschule.json", "[");
  await sync();
  await event("event-2026-0117", "course.updated", "zuhoeren");
  await event("event-2026-0118", "enrollment.created", "moderation");
  for (let tries = 0; tries < 600; tries += 1) {
    const letters = await (await call("GET", "/api/sync/dead-letters")).json();
    if (letters.data.length === 2) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const open = await (await call("GET", "/api/sync/conflicts?status=open")).json();
  if (open.data.length !== 1) throw new Error(`the conflict is not there: ${JSON.stringify(open)}`);
  return { ...served, sync, mend };
}

/** Signs in by the form, as everybody does; the browser keeps the cookie. */
export async function signIn(chrome, served) {
  const page = await tab(chrome);
  await page.goto(`${served.address}/dashboard`, { waitUntil: "load" });
  await page.type("#token", TOKEN);
  await Promise.all([page.waitForNavigation(), page.click("button[type=submit].button")]);
  if (new URL(page.url()).pathname !== "/dashboard") throw new Error(`not signed in: ${page.url()}`);
  await page.close();
}

/** Pages of the dashboard for a browser that is signed in. */
export const PAGES = [
  "/dashboard",
  "/dashboard/sources/lindenhof",
  "/dashboard/sources/partnerschule",
  "/dashboard/sources/lindenhof?page=2",
  "/dashboard/nowhere",
];
