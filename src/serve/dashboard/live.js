// Shows at once what changes on a page of the dashboard. Without this script the pages are the same, and stand still.
(() => {
  "use strict";

  // Whoever comes by a link from elsewhere seems to be signed out, as cookies stay at home then. One look from here tells.
  const door = document.querySelector("form[data-next]");
  if (door) {
    fetch("/dashboard/sign-in", { method: "HEAD", redirect: "manual" }).then(
      (answer) => answer.type === "opaqueredirect" && location.replace(door.dataset.next),
      () => {},
    );
    return;
  }

  const main = document.querySelector("main[data-view]");
  const content = document.getElementById("content");
  if (!main || !content || !("EventSource" in window)) return;
  const pulse = document.getElementById("pulse");
  const again = 15_000;
  let timer = 0;

  function say(isLive) {
    pulse.hidden = false;
    pulse.dataset.state = isLive ? "live" : "lost";
    pulse.querySelector("span").textContent = isLive ? pulse.dataset.live : pulse.dataset.lost;
  }

  // What a reader changes without the page knowing is no difference between two looks of it.
  const held = { details: ["open"], input: ["checked", "value"] };

  function alike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");
  }

  function attributes(from, to) {
    const kept = held[from.localName] ?? [];
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !kept.includes(name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      const isHeld = kept.includes(name) && from.type !== "hidden";
      if (!isHeld && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
  }

  // Nodes that stay the same stay where they are, so the focus, what is unfolded and the place on the page do as well.
  function morph(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    attributes(from, to);
    let at = from.firstChild;
    for (const child of [...to.childNodes]) {
      let found = at;
      while (found && !alike(found, child)) found = child.id ? found.nextSibling : null;
      if (found) {
        while (at !== found) {
          const next = at.nextSibling;
          at.remove();
          at = next;
        }
        morph(found, child);
        at = found.nextSibling;
      } else {
        from.insertBefore(document.importNode(child, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  function show(html) {
    const next = new DOMParser().parseFromString(html, "text/html");
    for (const part of next.querySelectorAll("[data-live][id]")) {
      const here = document.getElementById(part.id);
      if (here) morph(here, part);
    }
  }

  // Too many streams, or the session is over: the page itself tells which.
  async function look() {
    try {
      const answer = await fetch(location.href, { redirect: "manual", headers: { Accept: "text/html" } });
      if (answer.type === "opaqueredirect") return location.reload();
      if (answer.ok) show(await answer.text());
    } catch {
      // The server is away; the next look tells.
    }
    if (!document.hidden) timer = setTimeout(listen, again);
  }

  let events = null;

  function stop() {
    clearTimeout(timer);
    events?.close();
    events = null;
  }

  // A tab that nobody sees needs no news; browsers keep few connections to one server.
  function listen() {
    stop();
    if (document.hidden) return;
    const address = new URL("/dashboard/events", location.origin);
    address.searchParams.set("view", main.dataset.view);
    address.searchParams.set("mark", main.dataset.mark);
    const own = new EventSource(address);
    events = own;
    own.addEventListener("open", () => say(true));
    own.addEventListener("page", (event) => {
      main.dataset.mark = event.lastEventId;
      show(JSON.parse(event.data).html);
    });
    own.addEventListener("end", () => {
      stop();
      location.reload();
    });
    own.addEventListener("error", () => {
      if (own !== events) return;
      say(false);
      if (own.readyState === EventSource.CLOSED) timer = setTimeout(look, 1_000);
    });
  }

  document.addEventListener("visibilitychange", listen);
  // Whatever a form or a link leads to must not be overtaken by a reload of this page.
  window.addEventListener("submit", stop);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && listen());
  listen();
})();
