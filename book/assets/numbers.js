// The number inspector: hover, focus or tap a number of the prose to see its formula, inputs and sources.
// The page holds the records of its numbers once, as JSON; tools/inspector.py writes them and marks the numbers. How a card opens and closes is in cards.js.
(() => {
  const data = document.getElementById("numbers");
  if (!data) return;
  const { numbers, formulas, symbols } = JSON.parse(data.textContent);
  const top = document.documentElement.dataset.content_root ?? "./";

  const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const link = (address, words) => (address ? `<a href="${top}${address}">${words}</a>` : words);
  const given = ([name, value]) => `<span title="${escaped(symbols[name][0])}">${symbols[name][1]}</span> = ${escaped(value)}`;

  function told(found) {
    const name = found.formula, meaning = formulas[name]?.[0] ?? symbols[name]?.[0], lines = [];
    if (meaning) lines.push(`<p>${escaped(meaning)}</p>`);
    if (found.how) lines.push(`<p>${found.how.replaceAll('href="book/', `href="${top}book/`)}</p>`);
    if (found.expression) {
      const code = `<code>${escaped(found.expression)}</code>`;
      lines.push(found.expression.length < 100 ? `<p>${code}</p>`
        : `<p>An expression in the inputs below.</p><details><summary>In code</summary>${code}</details>`);
    }
    if (formulas[name]) lines.push(`<div class="number-math">${formulas[name][1]}</div>`);
    if (found.value) lines.push(`<p class="number-value">= ${escaped(found.value)}</p>`);
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
    told: (number) => told(numbers[number.dataset.number]),
    label: (number) => `Where ${number.textContent} comes from`,
    button: true,
  });
})();
