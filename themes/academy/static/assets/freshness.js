// Says how long ago things were, at every visit and while the page is open. Moments that change with every sync are in
// sync-status.json; a page that names one in `datetime` is right without this script, too.
// English without a country is written as pages write it: the day before the month, and 24 hours.
const told = document.documentElement.lang || undefined;
const language = told === "en" ? "en-GB" : told;
const MINUTE = 60_000;

function ago(moment) {
  const minutes = Math.round((moment - Date.now()) / MINUTE);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 60 * 24) return words.format(Math.round(minutes / 60), "hour");
  const days = Math.round(minutes / 60 / 24);
  if (Math.abs(days) < 60) return words.format(days, "day");
  return words.format(Math.round(days / 30.44), "month");
}

// In the zone of the academy, as all other times of the page are.
function absolute(moment, timeZone) {
  return new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short", timeZone }).format(moment);
}

// The text of the page stays as it is; how long ago it was stands behind it.
function tell(time) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  let words = time.nextElementSibling;
  if (!words?.matches(".ago")) {
    words = document.createElement("span");
    words.className = "ago";
    time.after(" ", words);
  }
  words.textContent = `(${ago(moment)})`;
}

function stateOf(age, line) {
  const limit = (name) => Number(line.dataset[name] ?? 0) * MINUTE || Infinity;
  if (age >= limit("error")) return "error";
  return age >= limit("warning") ? "warning" : "fresh";
}

function showStatus(status) {
  const moment = new Date(status.last_synced_at);
  if (Number.isNaN(moment.getTime())) return;
  const age = Date.now() - moment;
  for (const line of document.querySelectorAll("[data-sync-status], [data-freshness]")) {
    const time = line.querySelector("time");
    time.dateTime = moment.toISOString();
    time.textContent = absolute(moment, line.dataset.zone);
    tell(time);
    line.dataset.state = stateOf(age, line);
    line.hidden = "freshness" in line.dataset && line.dataset.state !== "error";
    const word = line.querySelector(".state");
    if (word) {
      // The data are as of the moment that is shown, and only their age tells whether that is too old.
      const failed = ["failed", "timed_out"].includes(status.sync_status) && line.dataset.failed;
      if (failed && line.dataset.state === "fresh") line.dataset.state = "warning";
      word.textContent = failed || word.dataset[line.dataset.state];
    }
  }
}

const source = document.querySelector("[data-sync-status], [data-freshness]");
let known;

async function look() {
  for (const time of document.querySelectorAll("time[data-relative]")) tell(time);
  if (!source) return;
  try {
    const answer = await fetch(source.dataset.syncStatus ?? source.dataset.freshness);
    if (answer.ok) known = await answer.json();
  } catch {
    // Away from the network the last answer ages on.
  }
  if (known) showStatus(known);
}

look();
setInterval(() => document.hidden || look(), MINUTE);
document.addEventListener("visibilitychange", () => document.hidden || look());
