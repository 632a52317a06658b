// Shows when the catalogue was last synchronised. The moment changes with every sync, so it stands in one small file
// instead of in every page; without this script the line stays hidden.
for (const line of document.querySelectorAll("[data-sync-status]")) {
  fetch(line.dataset.syncStatus)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((status) => {
      const moment = new Date(status.last_synced_at ?? status.last_sync);
      const time = line.querySelector("time");
      if (Number.isNaN(moment.getTime())) return;
      time.dateTime = moment.toISOString();
      time.textContent = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
        dateStyle: "long",
        timeStyle: "short",
      }).format(moment);
      line.hidden = false;
    })
    .catch(() => {});
}
