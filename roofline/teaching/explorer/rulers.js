/* Logarithmic rulers one above the other: what is known stands below each, what follows points at it from above.
   Each of the pointers has a line of its own, and so has what moves below: the picture is as tall wherever they stand.

   A function for explorer.js; `picture` names the formulas that it draws. */
(picture, { svg, text, shown, write }) => {
  const LETTER = 7.2, LINE = 17, TITLE = 20, AXIS = 22, GAP = 22; // px: of a letter about, for measuring would lay the page out once more
  const node = svg("svg", { role: "img", class: "rulers", style: "display: block; max-width: 100%; overflow: visible" });
  const put = (element, attributes) => { for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === "number" ? value.toFixed(1) : value); };
  const short = (value, name) => text(value, ...shown[name]).replace(/(\/| per ).*$/, "");
  const plain = (value, name) => short(value, name).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""); // $0.10 and $1.00 as $0.1 and $1
  const parts = picture.rulers.map((ruler) => {
    const group = svg("g"), grid = svg("g", { class: "grid" });
    const title = svg("text", { class: "value", style: "font-size: 14px" }, ruler.title);
    const band = svg("path", { style: "stroke: var(--x-strong); stroke-width: 2; fill: none" });
    const known = ruler.known.map(({ label }) => [svg("path", { class: "rule" }), svg("circle", { r: 4, style: "fill: var(--x-soft)" }), svg("text", { class: "label" }, label)]);
    const found = ruler.found.map(({ role }) => [svg("path", { "data-role": role, style: "stroke: var(--tone); stroke-width: 2; fill: none" }),
      svg("path", { "data-role": role, style: "fill: var(--tone)" }), svg("text", { "data-role": role, class: "label", style: "font-weight: 650; stroke-width: 6px" })]);
    group.append(grid, band, ...[0, 1, 2].flatMap((i) => [...known, ...found].map((one) => one[i])), title);
    return { ruler, group, grid, title, band, known, found };
  });
  node.append(...parts.map(({ group }) => group));

  /* The first of some lines on which [from, to] is free */
  function line(taken, from, to) {
    let row = 0;
    while (taken.some(([at, a, b]) => at === row && from < b + 8 && to > a - 8)) row += 1;
    taken.push([row, from, to]);
    return row;
  }

  /* Axes and all that stands still, for a width; each part keeps where its pointers go */
  function lay(width) {
    let y = 0;
    for (const part of parts) {
      const { ruler, grid, title, band, known, found } = part, { from, to } = ruler, left = 10, right = width - 10;
      const place = (value) => left + ((right - left) * Math.log(Math.min(to, Math.max(from, value)) / from)) / Math.log(to / from);
      const span = (x, words) => { const long = words.length * LETTER, at = Math.max(long / 2, Math.min(x, width - long / 2)); return [at - long / 2, at + long / 2, at]; };
      const axis = y + TITLE + found.length * LINE + 8, foot = axis + AXIS + 16, taken = [], figures = []; // of the scale: from, to
      put(title, { x: 0, y: y + 14 });
      band.setAttribute("d", `M${left} ${axis}H${right}`);
      const decades = Math.round(Math.log10(to / from)), every = Math.ceil((56 * decades) / (right - left));
      grid.replaceChildren(...Array.from({ length: decades + 1 }, (_, i) => i).flatMap((i) => {
        const value = from * 10 ** i, x = place(value).toFixed(1), anchor = i === 0 ? "start" : i === decades ? "end" : "middle", skipped = i % every || (i === decades && every > 1);
        const figure = plain(value, ruler.found[0].name), long = figure.length * LETTER, start = x - (anchor === "start" ? 0 : anchor === "end" ? long : long / 2);
        if (!skipped) figures.push([start - 3, start + long + 3]);
        return [svg("path", { d: `M${x} ${axis - 5}V${axis + 5}` }), ...(skipped ? [] : [svg("text", { x, y: axis + 19, "text-anchor": anchor }, figure)])];
      }));
      const still = ruler.known.map(({ name, value, label }) => (name ? 0 : line(taken, ...span(place(value), label))));
      let rows = taken.length ? 1 + Math.max(...still) : 0;
      const dots = known.map(([leader, dot, words], i) => {
        const { name, value, label } = ruler.known[i], below = foot + LINE * (name ? rows++ : still[i]);
        return { name, put: (results) => {
          const x = place(name ? results[name] : value);
          put(dot, { cx: x, cy: axis });
          put(words, { x: span(x, label)[2], y: below, "text-anchor": "middle" });
          const struck = figures.some(([a, b]) => a < x && x < b); // then it begins below the figure
          leader.setAttribute("d", `M${x.toFixed(1)} ${axis + (struck ? AXIS + 1 : 5)}V${below - 12}`);
        } };
      });
      for (const dot of dots) if (!dot.name) dot.put();
      Object.assign(part, { axis, place, span, moving: dots.filter(({ name }) => name) });
      y = axis + AXIS + (rows ? 4 + LINE * rows : 0) + GAP;
    }
    put(node, { viewBox: `0 0 ${width} ${y}`, width: `${width}`, height: `${y}` });
  }

  function point({ ruler, found, moving, axis, place, span }, results) {
    const { from, to } = ruler;
    found.forEach(([stem, head, words], i) => {
      const { name, label } = ruler.found[i], value = results[name], there = value > 0 && value < Infinity;
      for (const element of [stem, head, words]) element.style.display = there ? "" : "none";
      if (!there) return;
      const beyond = value > to ? `over ${plain(to, name)} →` : value < from ? `← under ${plain(from, name)}` : "";
      const said = `${label}: ${beyond || short(value, name)}`, x = place(value), top = axis - 8 - i * LINE;
      write(words, said);
      put(words, { x: span(x, said)[2], y: top - 4, "text-anchor": "middle" });
      stem.setAttribute("d", `M${x.toFixed(1)} ${top.toFixed(1)}V${axis - 2}`);
      head.setAttribute("d", `M${x.toFixed(1)} ${axis}l-6 -10h12z`);
    });
    for (const dot of moving) dot.put(results);
  }

  let drawn = 0;
  const paint = ({ results, width }) => {
    if (drawn !== width) lay((drawn = width));
    for (const part of parts) point(part, results);
  };
  return { node, paint };
}
