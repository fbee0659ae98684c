/* Bars in pairs, such as what each phase costs for two models: a full one for the first and a hollow one for the second.

   A function for explorer.js; `picture` names the formulas that it draws. */
(picture, { svg, text, shown, write }) => {
  const { rows, names } = picture, unit = shown[rows[0].first][0], TALL = 22, THIN = 12, HEAD = 20, GAP = 12, KEYS = 26, FOOT = 26; // px
  const grid = svg("g", { class: "grid" });
  const parts = rows.map(({ label, role }) => ({
    title: svg("text", { class: "label" }, label),
    full: svg("rect", { "data-role": role, style: "fill: var(--tone)" }),
    hollow: svg("rect", { "data-role": role, style: "fill: var(--tone); fill-opacity: 0.18; stroke: var(--tone); stroke-width: 1.5" }),
    value: svg("text", { class: "value" }), other: svg("text", { class: "label" }),
  }));
  const keys = names.map((name, i) => [svg("rect", { "data-role": rows[0].role, width: 16, height: 10, y: 3,
    style: `fill: var(--tone); fill-opacity: ${i ? 0.18 : 1}; stroke: var(--tone); stroke-width: ${i ? 1.5 : 0}` }), svg("text", { y: 13 }, name)]);
  const node = svg("svg", { role: "img", class: "bars", style: "display: block; max-width: 100%; overflow: visible" }, grid, ...keys.flat(),
    ...parts.flatMap(({ title, full, hollow, value, other }) => [full, hollow, title, value, other]));
  const put = (element, attributes) => { for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === "number" ? value.toFixed(1) : value); };

  /* Round steps of 1, 2 or 5 that leave room for their words */
  function ticks(most, width) {
    const least = (most * 78) / width, power = 10 ** Math.floor(Math.log10(least)), step = power * [1, 2, 5, 10].find((s) => s * power >= least);
    return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  }

  const paint = ({ results, width, said }) => {
    const wide = Math.max(...rows.flatMap(({ first, second }) => [said(first).length, said(second).length])); // letters
    const right = width - Math.max(92, 9 * wide), stacked = width < 430, most = Math.max(...rows.flatMap(({ first, second }) => [results[first], results[second]])) || 1;
    const top = KEYS + (stacked ? 18 : 0), each = HEAD + TALL + THIN + GAP, floor = top + each * rows.length, place = (value) => (right * value) / most;
    put(node, { viewBox: `0 0 ${width} ${floor + FOOT}`, width: `${width}`, height: `${floor + FOOT}` });
    keys.forEach(([box, words], i) => {
      const x = i && !stacked ? names[0].length * 7.2 + 44 : 0, y = i && stacked ? 18 : 0;
      put(box, { x: x + 1, y: y + 3 });
      put(words, { x: x + 23, y: y + 13 });
    });
    grid.replaceChildren(...ticks(most, right).flatMap((tick) => [svg("path", { d: `M${place(tick).toFixed(1)} ${top}V${floor}` }),
      svg("text", { x: place(tick).toFixed(1), y: floor + 18, "text-anchor": tick ? "middle" : "start" }, text(tick, unit))]));
    rows.forEach(({ first, second }, i) => {
      const { title, full, hollow, value, other } = parts[i], y = top + each * i + HEAD;
      put(title, { x: 0, y: y - 6 });
      put(full, { x: 0, y, width: place(results[first]), height: TALL });
      put(hollow, { x: 0, y: y + TALL + 1, width: place(results[second]), height: THIN });
      put(value, { x: place(results[first]) + 6, y: y + 16 });
      put(other, { x: place(results[second]) + 6, y: y + TALL + 12 });
      write(value, said(first));
      write(other, said(second));
    });
  };
  return { node, paint };
}
