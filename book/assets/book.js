// Tables that sort, folded parts that print, buttons of the theme, wide formulas that the keyboard can scroll.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const order = (a, b) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;   // what is not known stays last
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  heads.forEach((head, column) => {
    if (head.classList.contains("plain")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        return order(x, y) * (down && x !== "" && y !== "" ? -1 : 1);
      });
      body.append(...rows);
    });
  });
}

// What should have been checked again by now says so.
const today = new Date().toISOString().slice(0, 10);
for (const due of document.querySelectorAll("time.review")) {
  if (due.dateTime < today) due.insertAdjacentHTML("afterend", "<small>overdue</small>");
}

for (const formula of document.querySelectorAll(".katex-display")) {
  if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
}

// A link to a claim leads into the folded table where it stands.
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  const folds = [];
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) folds.push(fold);
  for (const fold of folds) fold.open = true;
  if (folds.length) target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();

// The arrow beside a page with pages under it is a button without a name.
for (const arrow of document.querySelectorAll(".bd-links summary")) {
  const page = arrow.closest("li").querySelector("a").textContent.trim();
  arrow.setAttribute("aria-label", `Pages under ${page}`);
}

// The bibliography is written with a role that WAI-ARIA has withdrawn.
for (const entry of document.querySelectorAll("[role=doc-biblioentry]")) entry.setAttribute("role", "listitem");

// The theme's buttons for paper and for the whole screen: the policy of the pages runs no script of an attribute.
const presses = { print: () => window.print(), fullscreen: () => window.toggleFullScreen() };
for (const button of document.querySelectorAll("[data-press]")) button.addEventListener("click", presses[button.dataset.press]);

// Search results quote a page as text: of each formula one form, cells apart, no lists of headings, no folded code; read
// from a disk they quote nothing.
if (typeof Search !== "undefined") {
  const SILENT = ".katex-mathml, .visually-hidden, .onlyprint, .bd-sidebar-secondary, .bd-header-article, details.hide";
  const plain = Search.htmlToText;
  Search.htmlToText = (markup, anchor) => {
    const page = new DOMParser().parseFromString(markup, "text/html");
    for (const part of page.querySelectorAll(SILENT)) part.remove();
    for (const cell of page.querySelectorAll("th, td, dt, dd")) cell.append(" ");
    return plain(page.documentElement.outerHTML, anchor).replaceAll("\u200b", "");
  };
  // The passage with the words as they were typed, or else with as many of them together as can be.
  Search.makeSearchSummary = (markup, stems, anchor) => {
    const text = Search.htmlToText(markup, anchor), small = text.toLowerCase(), around = 120;
    const typed = (new URLSearchParams(location.search).get("q") ?? "").trim().toLowerCase();
    const places = (words) => [...small.matchAll(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") || "$^")].map((found) => found.index);
    const near = (place) => [...stems].filter((stem) => small.slice(Math.max(place - around, 0), place + around).includes(stem)).length;
    const [place] = [...places(typed), ...[...stems].flatMap(places).sort((a, b) => near(b) - near(a) || a - b)];
    if (place === undefined) return new DocumentFragment(); // Sphinx puts it into the page, whatever it is
    const start = Math.max(place - around, 0), end = start + 2 * around, quote = document.createElement("p");
    quote.className = "context";
    quote.textContent = `${start ? "…" : ""}${text.slice(start, end).trim()}${end < text.length ? "…" : ""}`;
    return quote;
  };
  Documentation.TRANSLATIONS["Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories."] =
    "No page has all of these words. Numbers in the text are not in the index: try a word that stands beside one, or the page “Fact check”.";
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

// Where a search led here: its words are marked, and a small button, there if any is, takes the marks away, as Escape does.
if (typeof SphinxHighlight !== "undefined") SphinxHighlight.highlightSearchWords = () => {
  const article = document.querySelector(".bd-article") ?? document.createElement("div"), key = "sphinx_highlight_terms";
  let words = [];
  try { words = (localStorage.getItem(key) ?? "").split(" ").filter(Boolean); localStorage.removeItem(key); } catch { /* then none */ }
  for (const word of words) _highlightText(article, word, "highlighted");
  if (!article.querySelector(".highlighted")) return;
  const line = document.createElement("p"), button = document.createElement("button");
  line.className = "highlight-link";
  button.type = "button";
  button.textContent = "Hide search matches";
  button.addEventListener("click", SphinxHighlight.hideSearchWords);
  line.append(button);
  document.getElementById("searchbox")?.append(line);
};

// The title page leads back to the part of a chapter or lab where a reader was last. Some browsers forbid to remember.
const PLACE = "tokens-from-first-principles:place", here = location.pathname.match(/(lectures|labs)\/\w+\.html$/);
if (here) addEventListener("pagehide", () => {
  const passed = [...document.querySelectorAll(".bd-article section[id] > h2")].filter((head) => head.getBoundingClientRect().top < innerHeight / 2);
  const words = (head) => head.firstChild.textContent.trim();
  const place = { page: here[0], id: passed.at(-1)?.parentElement.id ?? "", names: [document.querySelector(".bd-article h1"), ...passed.slice(-1)].map(words) };
  try { localStorage.setItem(PLACE, JSON.stringify(place)); } catch { /* then not */ }
});
const ways = document.querySelector(".bd-article .ways");
if (ways) {
  let place = null;
  try { place = JSON.parse(localStorage.getItem(PLACE)); } catch { /* nothing is known */ }
  if (place && /^(lectures|labs)\/\w+\.html$/.test(place.page)) {
    const line = document.createElement("p"), link = document.createElement("a");
    link.href = `../${place.page}#${encodeURIComponent(place.id)}`;
    link.textContent = place.names.join(", ");
    line.className = "resume";
    line.append("You were last in ", link, ".");
    ways.after(line);
  }
}

// Paper is light, and shows what is folded.
const root = document.documentElement;
let opened = [], theme = root.dataset.theme;
addEventListener("beforeprint", () => {
  theme = root.dataset.theme;
  root.dataset.theme = "light";
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  root.dataset.theme = theme;
  for (const part of opened) part.open = false;
});
