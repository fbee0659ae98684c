// The fact check: filter the table of claims by chapter, speaker, verdict and text; the address keeps the state.
(() => {
  const box = document.querySelector(".ledger"), form = box?.querySelector("form");
  if (!form) return;
  const status = form.querySelector("[role=status]"), { q, chapter, speaker } = form.elements;
  const picks = [...form.querySelectorAll("[name=verdict]")];
  const plain = (text) => text.toLowerCase().replace(/[\u00a0\u202f\s]+/g, " ").replaceAll("\u200b", "");
  const rows = [...box.querySelectorAll("tbody tr")].map((row) => ({ row, ...row.dataset, text: plain(row.textContent) }));
  const STEP = 20, more = document.createElement("button");   // how many a phone shows at once
  let timer = 0, limit = STEP, matching = rows;

  const chosen = () => picks.filter((pick) => pick.checked).map((pick) => pick.value);
  const tests = () => {
    const words = plain(q.value).split(" ").filter(Boolean), verdicts = chosen();
    return {
      q: (r) => words.every((word) => r.text.includes(word)),
      chapter: (r) => !chapter.value || r.chapter === chapter.value,
      speaker: (r) => !speaker.value || r.speaker.split(" ").includes(speaker.value),
      verdict: (r) => !verdicts.length || verdicts.includes(r.verdict),
    };
  };
  // A count beside an option says how many rows it would leave, all other choices as they are
  const but = (all, left) => rows.filter((r) => Object.keys(all).every((name) => name === left || all[name](r)));

  function count(all) {
    for (const select of [chapter, speaker]) {
      const open = but(all, select.name);
      for (const option of select.options) {
        option.dataset.words ??= option.textContent;
        const n = open.filter((r) => !option.value || r[select.name].split(" ").includes(option.value)).length;
        option.textContent = `${option.dataset.words} (${n})`;
      }
    }
    const open = but(all, "verdict");
    for (const pick of picks) {
      const n = open.filter((r) => r.verdict === pick.value).length;
      pick.closest("label").querySelector(".count").textContent = n;
    }
  }

  function say(shown) {
    const kinds = picks.map((pick) => [pick.value, shown.filter((r) => r.verdict === pick.value).length]).filter(([, n]) => n);
    const words = shown.length ? `: ${kinds.map(([kind, n]) => `${kind} ${n}`).join(", ")}.` : ". Take a choice back, or search for less.";
    status.textContent = `${shown.length} of ${rows.length} claims${words}`;
  }

  function filter() {
    const all = tests(), shown = rows.filter((r) => Object.values(all).every((test) => test(r)));
    for (const r of rows) r.row.hidden = !shown.includes(r);
    matching = shown;
    limit = STEP;
    cut();
    count(all);
    say(shown);
  }

  // On a phone, rows beyond the limit wait for the button; the style sheet hides them there alone
  function cut() {
    matching.forEach((r, place) => r.row.classList.toggle("later", place >= limit));
    const left = matching.length - limit;
    more.parentElement.hidden = left <= 0;
    more.textContent = `Show ${Math.min(STEP, left)} more of ${left}`;
  }

  more.addEventListener("click", () => {
    const next = matching[limit].row;
    limit += STEP;
    cut();
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
  });

  function keep() {
    const state = new URLSearchParams();
    for (const field of [chapter, speaker, q]) if (field.value.trim()) state.set(field.name, field.value.trim());
    if (chosen().length) state.set("verdict", chosen().join(","));
    history.replaceState(null, "", `${state}` ? `#${state}` : location.pathname + location.search);
  }

  // "#chapter=moe&verdict=off" is a state; "#claim-moe-04" is a row, which no filter may hide
  function recall() {
    const hash = location.hash.slice(1), state = new URLSearchParams(hash.includes("=") ? hash : "");
    for (const field of [chapter, speaker, q]) field.value = state.get(field.name) ?? "";
    const verdicts = (state.get("verdict") ?? "").split(",");
    for (const pick of picks) pick.checked = verdicts.includes(pick.value);
    filter();
    const place = matching.findIndex((r) => r.row.id === hash);
    if (place < 0) return;
    limit = Math.max(limit, place + 1);
    cut();
    matching[place].row.scrollIntoView();
  }

  const changed = () => { filter(); keep(); };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => { if (event.target !== q) changed(); });
  q.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(changed, 150); });
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", recall);
  form.hidden = false;
  more.type = "button";
  const line = document.createElement("p");
  line.className = "ledger-more";
  line.append(more);
  box.append(line);
  recall();
})();
