// The number inspector: hover, focus or tap a number of the prose to see its formula, inputs and sources.
// The page holds the records of its numbers once, as JSON; tools/inspector.py writes them and marks the numbers. How a card opens and closes is in cards.js.
(() => {
  const data = document.getElementById("numbers");
  if (!data) return;
  const { numbers, formulas, expressions, symbols } = JSON.parse(data.textContent);
  const top = document.documentElement.dataset.content_root ?? "./";

  const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const link = (address, words) => (address ? `<a href="${top}${address}">${words}</a>` : words);
  const given = ([name, value]) => `<span title="${escaped(symbols[name][0])}">${symbols[name][1]}</span> = ${escaped(value)}`;

  const math = (tex) => `<div class="number-math">${tex}</div>`;
  // A part of a formula: its value, and its own formula to unfold
  const part = ([name, value]) => `<details><summary>${given([name, value])}</summary>${math(formulas[name][1])}</details>`;

  function told(key) {
    const found = numbers[key];
    const name = found.formula, meaning = formulas[name]?.[0] ?? symbols[name]?.[0], lines = [];
    if (meaning) lines.push(`<p>${escaped(meaning)}</p>`);
    if (found.how) lines.push(`<p>${found.how.replaceAll('href="book/', `href="${top}book/`)}</p>`);
    if (found.expression) {
      const shown = math(expressions[key][1]);
      lines.push(found.expression === "short" ? shown
        : `<p>An expression in the inputs below.</p><details><summary>The expression</summary>${shown}</details>`);
    }
    if (formulas[name]) lines.push(math(formulas[name][1]));
    if (found.value) lines.push(`<p class="number-value">= ${escaped(found.value)}</p>`);
    if (found.parts) lines.push(`<div class="number-parts">with ${found.parts.map(part).join("")}</div>`);
    const inputs = (found.inputs ?? []).map(([source, address, all]) =>
      `<div><dt>${link(address, escaped(source))}</dt><dd>${all.map(given).join(", ")}</dd></div>`);
    if (inputs.length) lines.push(`<dl>${inputs.join("")}</dl>`);
    if (name) {
      const kind = formulas[name] ? "formula" : "symbol";
      lines.push(`<p class="number-name">${link(`book/notation.html#${kind}-${name}`, `<code>${name}</code> in the notation`)}</p>`);
    }
    return lines.join("");
  }

  const found = [...document.querySelectorAll(".bd-article [data-number]")].filter(
    (number) => numbers[number.dataset.number] && !number.closest("a, button, summary, label"));
  for (const number of found) number.classList.toggle("short", number.textContent.length < 10);
  cards(found, {
    told: (number) => told(number.dataset.number),
    label: (number) => `Where ${number.textContent} comes from`,
    button: true,
  });
})();
