// The search of the site: fetches the few files of the index that a question needs. Words are folded and lose their
// endings as they did when the index was made.
(() => {
  "use strict";
  const SPELT = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
    "ı": "i", "ħ": "h", "ŋ": "ng", "ŧ": "t",
  };
  const fold = (text) =>
    text.normalize("NFC").toLowerCase().replace(/\u00ad/g, "").replace(/[äöüßæœøłđðþıħŋŧ]/g, (c) => SPELT[c])
      .normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC");
  const split = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) || [];

  const short = (word) => {
    while (word.length > 3) {
      const shorter = word.length > 5 ? word.replace(/(?:em|er|nd)$/, "") : word;
      const next = shorter === word ? word.replace(/[tesn]$/, "") : shorter;
      if (next === word) break;
      word = next;
    }
    return word;
  };
  const german = (word) =>
    short(short(word).replace(/(.{4,})ung$/, "$1")).replace(/(.{4,})el$/, "$1l");
  const english = (word) => {
    if (/ies$/.test(word) && word.length > 4) word = word.slice(0, -3) + "y";
    else if (/s$/.test(word) && !/(?:ss|us|is)$/.test(word) && word.length > 3) word = word.slice(0, -1);
    for (const [end, least] of [["ing", 5], ["ed", 4], ["ly", 5]]) {
      if (word.length > least && word.endsWith(end)) {
        word = word.slice(0, -end.length).replace(/([^lsz])\1$/, "$1");
        break;
      }
    }
    return word.length > 4 && word.endsWith("e") ? word.slice(0, -1) : word;
  };
  const stem = (word, language) =>
    /^de\b/i.test(language) ? german(word) : /^en\b/i.test(language) ? english(word) : word;

  // FNV-1a, 32 bits.
  const hash = (text) => {
    let h = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
    return h;
  };

  // Whether one word becomes the other by at most `most` letters more, less, changed or swapped.
  const near = (a, b, most) => {
    if (Math.abs(a.length - b.length) > most) return false;
    let before = [], last = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      let best = i;
      for (let j = 1; j <= b.length; j++) {
        let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
        row.push(cost);
        if (cost < best) best = cost;
      }
      if (best > most) return false;
      [before, last] = [last, row];
    }
    return last[b.length] <= most;
  };

  // The words of the index that a word may mean, each with how well it fits.
  const meant = (word, terms, language) => {
    const root = stem(word, language), found = [];
    for (const term of terms) {
      if (term === root || term === word) found.push([term, 8]);
      else if (term.startsWith(root)) found.push([term, 4 - Math.min(2, (term.length - root.length) / 8)]);
      else if (root.length > 3 && term.includes(root)) found.push([term, 2]);
      else if (term.length > 4 && root.includes(term)) found.push([term, 0.7]);
    }
    if (!found.some(([, fit]) => fit > 1)) {
      const most = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
      if (most) {
        for (const term of terms) {
          // A word with a mistake may have kept an ending that the term has lost.
          const cut = term.length > 4 && term.length < word.length && term.length * 1.7 > word.length;
          if (near(root, term, most) || near(word, term, most) || (cut && near(word.slice(0, term.length), term, most))) {
            found.push([term, near(root, term, 1) ? 1.5 : 1]);
          }
        }
      }
    }
    return found.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 24);
  };

  const open = (base, get) => {
    const kept = new Map();
    const file = (path) => {
      if (!kept.has(path)) {
        const wanted = get(base + path);
        wanted.catch(() => kept.delete(path));
        kept.set(path, wanted);
      }
      return kept.get(path);
    };
    let terms;
    // The keys of all records that fit, best first.
    const find = async (question) => {
      const index = await file("terms.json");
      terms ||= index.terms ? index.terms.split(" ") : [];
      const words = split(question).filter((word, at, all) => all.indexOf(word) === at).slice(0, 8);
      const fits = words.map((word) => [word, meant(word, terms, index.language)]);
      // Words such as "and" are in no index: they decide nothing, as long as others do.
      const asked = fits.filter(([word, list]) => list.length || word.length > 3);
      if (!asked.some(([, list]) => list.length)) return [];
      const scores = await Promise.all(asked.map(async ([, list]) => {
        const score = new Map();
        await Promise.all(list.map(async ([term, fit]) => {
          const lists = (await file(`t/${hash(term) % index.shards}.json`))[term] || [];
          lists.forEach((keys, place) => {
            for (let at = 0; at < keys.length; at += 5) {
              const key = keys.slice(at, at + 5), value = fit * (place ? 1 : 3);
              if (value > (score.get(key) || 0)) score.set(key, value);
            }
          });
        }));
        return score;
      }));
      const total = new Map();
      for (const score of scores) {
        for (const [key, value] of score) {
          const [count, sum] = total.get(key) || [0, 0];
          total.set(key, [count + 1, sum + value]);
        }
      }
      // What has all words, or where nothing has, what has most of them.
      const most = Math.max(0, ...[...total.values()].map(([count]) => count));
      return [...total].filter(([, [count]]) => count === most)
        .sort((a, b) => b[1][1] - a[1][1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
    };
    const show = async (keys) => {
      const index = await file("terms.json");
      return Promise.all(keys.map(async (key) => (await file(`d/${hash(key) % index.buckets}.json`))[key]));
    };
    return { find, show };
  };

  if (typeof document === "undefined") {
    globalThis.aitherSearch = { open, split, stem, near };
    return;
  }

  const form = document.querySelector("form[data-search]");
  if (!form) return;
  const SHOWN = 10;
  const { search, one, many, none, failed, more } = form.dataset;
  const input = form.querySelector("input[name=q]");
  const status = document.querySelector("[data-search-status]");
  const list = document.querySelector("[data-search-results]");
  const language = document.documentElement.lang || "en";
  // English without a country is written as pages write it: the day before the month.
  const written = language === "en" ? "en-GB" : language;
  const index = open(search, async (url) => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(url);
    return answer.json();
  });
  const item = (found) => {
    const entry = document.createElement("li"), link = document.createElement("a");
    link.href = found.u;
    link.dir = "auto";
    link.textContent = found.t;
    entry.append(link);
    if (found.d) {
      const time = document.createElement("time");
      time.dateTime = found.d;
      time.textContent = new Date(found.d + "T12:00:00").toLocaleDateString(written, { day: "numeric", month: "long", year: "numeric" });
      entry.append(" ", time);
    }
    if (found.s) {
      const text = document.createElement("p");
      text.dir = "auto";
      text.textContent = found.s;
      entry.append(text);
    }
    return entry;
  };
  let turn = 0;
  // What the list shows: while it stays the same, whoever has gone on into it by keyboard must not lose their place.
  let standing = null;
  const begin = (state) => {
    const focused = list.contains(document.activeElement) ? document.activeElement.href || "" : null;
    list.replaceChildren();
    status.textContent = state;
    standing = null;
    return focused;
  };
  const add = async (keys, from, mine) => {
    const shown = await index.show(keys.slice(from, from + SHOWN));
    if (mine !== turn) return;
    const entries = shown.filter(Boolean).map(item);
    list.append(...entries);
    standing = keys.join(" ");
    if (from) entries[0]?.querySelector("a").focus();
    if (keys.length > from + SHOWN) {
      const button = document.createElement("button"), place = document.createElement("li");
      button.type = "button";
      button.textContent = more;
      button.addEventListener("click", () => {
        place.remove();
        add(keys, from + SHOWN, turn);
      });
      place.append(button);
      list.append(place);
    }
  };
  const run = async () => {
    const mine = ++turn, question = input.value.trim();
    const address = new URL(location.href);
    if (question) address.searchParams.set("q", question);
    else address.searchParams.delete("q");
    history.replaceState(null, "", address);
    if (!question) {
      begin("");
      return;
    }
    try {
      const keys = await index.find(question);
      if (mine !== turn || (keys.length && keys.join(" ") === standing)) return;
      const state = keys.length ? `${keys.length.toLocaleString(language)} ${keys.length === 1 ? one : many}` : none;
      const focused = begin(state);
      await add(keys, 0, mine);
      if (focused !== null && mine === turn && document.activeElement === document.body) {
        ([...list.querySelectorAll("a")].find((link) => link.href === focused) || input).focus();
      }
    } catch {
      if (mine === turn) {
        standing = null;
        status.textContent = failed;
      }
    }
  };
  let wait;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(run, 150);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(wait);
    run();
  });
  input.value = new URL(location.href).searchParams.get("q") || input.value;
  if (input.value) run();
})();
