// Several filters at once. Every filter alone is a page of its own; two and more are the shortest of those pages, with the
// others in the query (/months/2027-03/?level=beginner), and the rows that do not fit left out. Without this script
// such an address shows that page whole.
const nav = document.querySelector("[data-filters]");
if (nav) start();

function start() {
  const table = document.querySelector("table.courses tbody");
  const facets = [...nav.querySelectorAll("[data-filter]")];
  const query = new URLSearchParams(location.search);

  const linkOf = (name, value) => {
    const links = facets.find((facet) => facet.dataset.filter === name)?.querySelectorAll("a") ?? [];
    return [...links].find((link) => link.dataset.value === value);
  };
  const label = (link) => link.firstChild.textContent.trim();

  // What is chosen: the page's own filter, and those of the query that there are.
  const chosen = new Map();
  for (const facet of facets) {
    const name = facet.dataset.filter;
    const link = facet.querySelector("[aria-current]") ?? linkOf(name, query.get(name));
    if (link) chosen.set(name, link);
  }

  function address(filters) {
    const [shortest, ...others] = [...filters].sort(([, a], [, b]) => a.dataset.count - b.dataset.count);
    if (!shortest) return nav.dataset.filters;
    const words = new URLSearchParams(others.map(([name, link]) => [name, link.dataset.value]).sort());
    return shortest[1].getAttribute("href") + (others.length > 0 ? `?${words}` : "");
  }

  function without(name) {
    const rest = new Map(chosen);
    rest.delete(name);
    return address(rest);
  }

  // The links lead to the page with all that is chosen already.
  for (const facet of facets) {
    const name = facet.dataset.filter;
    const links = [...facet.querySelectorAll("a")];
    const wanted = links.map((link) => address(new Map(chosen).set(name, link)));
    links.forEach((link, at) => (link.dataset.wanted = wanted[at]));
  }
  const list = nav.querySelector(".chosen");
  list.replaceChildren(
    ...[...chosen].map(([name, link]) => {
      const item = document.createElement("li");
      const remove = document.createElement("a");
      const word = document.createElement("span");
      const unit = document.createElement("span");
      remove.href = without(name);
      word.dir = "auto";
      word.textContent = label(link);
      unit.className = "unit";
      unit.textContent = nav.dataset.remove;
      remove.append(word, " ", unit);
      item.append(remove);
      link.setAttribute("aria-current", "true");
      return item;
    }),
  );
  for (const link of nav.querySelectorAll("[data-wanted]")) link.href = link.dataset.wanted;

  // All rows of this list: those of this page, and those of the pages before and behind it.
  async function rows() {
    const all = [...table.rows];
    for (const way of ["prev", "next"]) {
      let next = document.querySelector(`.pager a[rel=${way}]`)?.href;
      while (next) {
        const answer = await fetch(next);
        if (!answer.ok) throw new Error(`${next}: ${answer.status}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const more = [...page.querySelectorAll("table.courses tbody tr")].map((row) => document.adoptNode(row));
        way === "next" ? all.push(...more) : all.unshift(...more);
        next = page.querySelector(`.pager a[rel=${way}]`)?.getAttribute("href");
        next &&= new URL(next, answer.url).href;
      }
    }
    return all;
  }

  async function filter() {
    const asked = [...chosen].filter(([name]) => query.get(name));
    if (asked.length === 0 || !table) return;
    const fits = (row) => asked.every(([name, link]) => row.dataset[name] === link.dataset.value);
    const found = (await rows()).filter(fits);
    table.replaceChildren(...found);
    table.closest("table").hidden = found.length === 0;
    document.querySelector("[data-nothing]").hidden = found.length > 0;
    document.querySelector(".pager")?.remove();
    const tally = document.querySelector("[data-tally]");
    const count = new Intl.NumberFormat(document.documentElement.lang).format(found.length);
    tally.textContent = `${count} ${found.length === 1 ? tally.dataset.one : tally.dataset.other}`;
    const headline = [...chosen.values()].map(label).join(" · ");
    document.querySelector("h1").textContent = headline;
  }

  filter();

  document.addEventListener("click", (event) => {
    for (const facet of facets) if (!facet.contains(event.target)) facet.open = false;
  });
  nav.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && facets.find((facet) => facet.open);
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}
