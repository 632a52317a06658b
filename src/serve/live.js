// Shows changes of the page at once. Only the preview server adds this script; no published page has it.
(() => {
  "use strict";
  const own = document.currentScript;
  let generation = Number(own.dataset.generation);
  const events = new URL("events", own.src);
  const root = new URL("../", own.src).pathname;

  // ---- The overlay that shows a build's error -------------------------------------------------------------------

  let overlay = null;
  const sheet = `
    :host { all: initial; position: fixed; inset: 0; z-index: 2147483647; }
    div { position: absolute; inset: 0; overflow: auto; background: rgb(20 20 24 / 92%); color: #f4f4f5;
      font: 15px/1.5 ui-monospace, monospace; padding: 2.5rem; }
    h1 { font: 600 1.1rem system-ui, sans-serif; color: #fca5a5; margin: 0 0 1rem; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; }
    p { font-family: system-ui, sans-serif; color: #bbf7d0; margin: .25rem 0; }
    button { position: absolute; top: 1rem; right: 1rem; font: inherit; padding: .25rem .75rem; }`;

  function hide() {
    overlay?.remove();
    overlay = null;
  }

  function show({ message, hints }) {
    hide();
    overlay = document.createElement("aither-problem");
    const shadow = overlay.attachShadow({ mode: "open" });
    const rules = new CSSStyleSheet();
    rules.replaceSync(sheet);
    shadow.adoptedStyleSheets = [rules];
    const box = document.createElement("div");
    box.setAttribute("role", "alertdialog");
    box.setAttribute("aria-label", "The site could not be built");
    const add = (name, text) => {
      const element = document.createElement(name);
      element.textContent = text;
      box.append(element);
      return element;
    };
    add("h1", "The site could not be built");
    add("pre", message);
    for (const hint of hints) add("p", "→ " + hint);
    const close = add("button", "Close");
    close.addEventListener("click", hide);
    shadow.append(box);
    document.documentElement.append(overlay);
  }

  // ---- Morphing: the document becomes the new one, and what the reader did to it stays --------------------------

  // What a reader changes without the page knowing: it is no difference between two versions of a page.
  const held = { details: ["open"], dialog: ["open"], input: ["value", "checked"], option: ["selected"] };

  function key(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    if (node.id) return "#" + node.id;
    if (node.localName === "link") return "link " + node.rel + " " + path(node.href);
    if (node.localName === "script") return "script " + path(node.src) + node.textContent;
    if (node.localName === "meta") return "meta " + (node.name || node.getAttribute("property") || "");
    return null;
  }

  // The address without what tells versions apart, such as ?g=3 or the hash in style.3f2a9c04.css.
  function path(address) {
    if (!address) return "";
    return new URL(address, location.href).pathname.replace(/\.[0-9a-f]{8,64}(?=\.)/, "");
  }

  function alike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
  }

  function attributes(from, to) {
    const kept = held[from.localName] ?? [];
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !kept.includes(name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value && !kept.includes(name)) from.setAttribute(name, value);
    }
  }

  function morph(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.localName === "link" && from.rel === "stylesheet" && from.href !== to.href) {
      swap(from, to.href, to);
      return;
    }
    attributes(from, to);
    if (from.localName === "textarea") return;
    children(from, to);
  }

  function children(from, to) {
    let old = from.firstChild;
    for (const fresh of [...to.childNodes]) {
      let match = old;
      while (match && (skipped(match) || !alike(match, fresh))) match = match.nextSibling;
      if (!match || (key(fresh) === null && match !== old && later(fresh, match, old))) {
        from.insertBefore(document.importNode(fresh, true), old);
        continue;
      }
      while (old !== match) {
        const next = old.nextSibling;
        if (!skipped(old)) old.remove();
        old = next;
      }
      old = match.nextSibling;
      morph(match, fresh);
    }
    while (old) {
      const next = old.nextSibling;
      if (!skipped(old)) old.remove();
      old = next;
    }
  }

  // Whether a nameless node is better inserted than found behind one that has a name: that one would be thrown away.
  function later(fresh, match, old) {
    for (let node = old; node && node !== match; node = node.nextSibling) {
      if (key(node) !== null) return true;
    }
    return false;
  }

  const skipped = (node) => node === own || node === overlay || node.dataset?.aitherSwap === "old";

  // A style sheet is replaced when the new one has been loaded, so the page is never without.
  function swap(link, address, model = link) {
    // The hash in `integrity` belongs to the bytes at the new address.
    const fresh = document.importNode(model);
    fresh.href = address;
    link.dataset.aitherSwap = "old";
    fresh.addEventListener("load", () => link.remove());
    fresh.addEventListener("error", () => link.remove());
    link.after(fresh);
  }

  async function refresh() {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    // The script of the new page only tells its generation.
    const tag = [...fresh.querySelectorAll("script[data-generation]")].pop();
    if (!tag) return location.reload();
    const reached = Number(tag.dataset.generation);
    tag.remove();
    const code = (page) =>
      [...page.scripts].filter((s) => s !== own && !s.type.includes("json")).map((s) => s.src + s.textContent).join("\n");
    if (code(fresh) !== code(document)) return location.reload();
    const { scrollX, scrollY } = window;
    const focus = document.activeElement;
    attributes(document.documentElement, fresh.documentElement);
    morph(document.head, fresh.head);
    morph(document.body, fresh.body);
    if (focus?.isConnected && focus !== document.activeElement) focus.focus({ preventScroll: true });
    window.scrollTo(scrollX, scrollY);
    generation = Math.max(generation, reached);
    document.dispatchEvent(new CustomEvent("aither:changed", { detail: { generation } }));
  }

  // ---- Files that the page uses ---------------------------------------------------------------------------------

  function assets(paths) {
    const changed = new Set(paths.map((name) => root + name));
    const hit = (address) => address && changed.has(decodeURI(new URL(address, location.href).pathname));
    if ([...document.scripts].some((script) => script !== own && hit(script.src))) return location.reload();
    const version = (address) => {
      const url = new URL(address, location.href);
      url.searchParams.set("g", generation);
      return url.href;
    };
    for (const link of document.querySelectorAll("link[rel=stylesheet]")) {
      if (hit(link.href)) swap(link, version(link.href));
    }
    for (const image of document.querySelectorAll("img[src]")) {
      if (hit(image.src)) image.src = version(image.src);
    }
  }

  // ---- The stream -----------------------------------------------------------------------------------------------

  let work = Promise.resolve();
  let stream = null;

  function listen() {
    stream?.close();
    events.searchParams.set("page", location.pathname);
    events.searchParams.set("since", generation);
    stream = new EventSource(events);
    stream.addEventListener("change", (event) => {
      const { page, assets: paths } = JSON.parse(event.data);
      const number = Number(event.lastEventId);
      work = work.then(async () => {
        if (page) await refresh();
        generation = Math.max(generation, number);
        assets(paths);
      }).catch(() => location.reload());
    });
    stream.addEventListener("generation", (event) => {
      generation = Math.max(generation, Number(event.lastEventId));
    });
    stream.addEventListener("problem", (event) => show(JSON.parse(event.data)));
    stream.addEventListener("good", hide);
    stream.addEventListener("error", () => {
      // The address of the stream names a generation: a new stream asks with the present one.
      stream.close();
      setTimeout(listen, 1000);
    });
  }

  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  listen();
})();
