/* Racks and their two networks, drawn to scale: pipes as wide as their bandwidth, bars as long as their times.

   A function for explorer.js; `picture` names the formulas and inputs that it draws. */
(picture, { svg, text, write }) => {
  const { chips: perRack, racks: count, gap, stays, inside, across, overlap, total, once } = picture;
  const ink = "var(--x-ink)", soft = "var(--x-soft)", raised = "var(--x-raised)", tone = "var(--role-network)";
  const fabric = svg("g"), bars = svg("g");
  const node = svg("svg", { role: "img", class: "fabric", style: "display: block; max-width: 100%; overflow: visible" }, fabric, bars);
  const box = (x, y, width, height, style, rx = 0) => svg("rect", { x: x.toFixed(1), y: y.toFixed(1), width: Math.max(width, 0).toFixed(1), height: height.toFixed(1), rx, style });
  const word = (x, y, words, anchor = "start", kind = "label") => svg("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, class: kind }, words);
  const TOP = 20, RACK = 104, PIPE = 30, WIDEST = 26, ROW = 38, floor = TOP + RACK + PIPE;
  let drawn = "";

  /* The chips of a rack as a grid of dots in its width, as a path: hundreds of elements would take longer than all else */
  function grid(x, y, width, height, n) {
    const wanted = Math.max(1, Math.min(n, Math.sqrt((n * width) / height))), whole = Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
    const columns = whole.reduce((best, i) => (Math.abs(Math.log(i / wanted)) < Math.abs(Math.log(best / wanted)) ? i : best)), rows = Math.ceil(n / columns);
    const step = Math.min(width / columns, height / rows), side = Math.max(step * 0.66, 1.5);
    const left = x + (width - step * columns) / 2, top = y + (height - step * rows) / 2;
    const dot = `h${side.toFixed(1)}v${side.toFixed(1)}h${(-side).toFixed(1)}z`;
    return Array.from({ length: n }, (_, i) => `M${(left + step * (i % columns) + (step - side) / 2).toFixed(1)} ${(top + step * Math.floor(i / columns) + (step - side) / 2).toFixed(1)}${dot}`).join("");
  }

  function racks(inputs, results, width) {
    const R = inputs[count], most = Math.max(2, Math.floor(width / 76)), rest = R > most ? R - most + 1 : 0, shown = rest ? most - 1 : R;
    const slots = shown + (rest ? 1 : 0), each = Math.min(width / slots, 170), left = (width - each * slots) / 2;
    const thin = WIDEST / results[gap], parts = [];
    let dots = "";
    if (R > 1) parts.push(box(left + each * 0.1, floor, each * (slots - 0.2), 14, `fill: ${raised}; stroke: ${tone}; stroke-width: 1.5`, 4));
    for (let i = 0; i < shown; i += 1) {
      const x = left + each * i + 5, middle = x + (each - 10) / 2;
      if (R > 1) parts.push(box(middle - thin / 2, TOP + RACK, thin, PIPE, `fill: ${tone}`));
      parts.push(box(x, TOP, each - 10, RACK, `fill: ${raised}; stroke: ${soft}`, 6));
      dots += grid(x + 6, TOP + 5, each - 22, 58, inputs[perRack]);
      parts.push(box(middle - WIDEST / 2, TOP + 64, WIDEST, 18, `fill: ${ink}; fill-opacity: 0.55`));
      parts.push(box(x + 8, TOP + 82, each - 26, 14, `fill: ${ink}; fill-opacity: 0.8`, 3));
    }
    if (rest) parts.push(word(left + each * (shown + 0.5), TOP + RACK / 2, `and ${rest}`, "middle"), word(left + each * (shown + 0.5), TOP + RACK / 2 + 16, "more", "middle"));
    const stay = text(results[stays], "%"), leave = text(1 - results[stays], "%"), narrow = results[gap] > 1 ? `${text(results[gap], "1")} times as narrow` : "as wide or wider";
    const crossing = R > 1 ? `${leave} leaves, pipes ${narrow}` : "one rack: nothing crosses";
    parts.push(word(0, 12, `${text(inputs[perRack], "1")} chips a rack, ${stay} stays inside`));
    parts.push(word(0, floor + 32, crossing));
    return [...parts, svg("path", { class: "dots", d: dots, style: `fill: ${soft}` })];
  }

  const rows = [
    ["the same exchange in one rack", `fill: ${soft}`], ["inside the racks", `fill: ${ink}; fill-opacity: 0.55`],
    ["between the racks, a copy for each expert", `fill: ${tone}`], ["one copy for each rack, at once", `fill: none; stroke: ${tone}; stroke-width: 1.5`],
  ].map(([label, style], i) => {
    const y = floor + 46 + ROW * i + 17;
    return { label: word(0, y - 6, label), bar: box(0, y, 0, 12, style, 2), value: word(0, y + 11, "", "start", "value") };
  });
  const end = svg("path", { style: `stroke: ${ink}; stroke-opacity: 0.6; stroke-dasharray: 2 3; fill: none` });
  bars.append(...rows.flatMap(({ label, bar, value }) => [label, bar, value]), end);

  function times(inputs, results, width) {
    const [a, b, o] = [results[inside], results[across], inputs[overlap]], start = a - o * Math.min(a, b);
    const scale = (width - 64) / Math.max(results[total], results[once], 1);
    [[0, 1], [0, a], [start, b], [0, results[once]]].forEach(([from, length], i) => {
      const { bar, value } = rows[i];
      bar.setAttribute("x", (from * scale).toFixed(1));
      bar.setAttribute("width", (length * scale).toFixed(1));
      value.setAttribute("x", ((from + length) * scale + 6).toFixed(1));
      write(value, length > 0 ? `${text(from + length, "1")} ×` : "");
    });
    end.setAttribute("d", `M${(results[total] * scale).toFixed(1)} ${floor + 46 + ROW + 17}V${floor + 46 + ROW * 3 - 2}`);
  }

  const paint = ({ inputs, results, width }) => {
    const height = floor + 46 + ROW * 4 + 4, key = [width, inputs[count], inputs[perRack], results[gap], results[stays]].join();
    if (key !== drawn) {
      drawn = key;
      for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) node.setAttribute(name, value);
      fabric.replaceChildren(...racks(inputs, results, width));
    }
    times(inputs, results, width);
  };
  return { node, paint };
}
