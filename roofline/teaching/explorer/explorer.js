/* An explorer: controls, curves and numbers, drawn from the spec that roofline.teaching.explorer writes.

   This file knows no formula, chip or unit. Python appends one line to it,
       export default explorer({ compute, units });
   where `compute` is the formulas' generated function and `units` the tables behind roofline.algebra.units.text. */

/* ---------- numbers as words: the twin of roofline.algebra.units.text ---------- */

/* Digits of x, rounded, and its power of ten: 5441.1 to 3 digits is ["544", 3] */
function rounded(x, digits) {
  const [mantissa, power] = x.toExponential(digits - 1).split("e");
  return [mantissa.replace(".", ""), Number(power)];
}

/* Digits with their point and thousands separators: ("5441", 3, 0) -> "5,441" */
function placed(digits, exponent, decimals) {
  const padded = exponent < 0 ? "0".repeat(-exponent) + digits : digits.padEnd(exponent + 1, "0");
  const whole = padded.slice(0, Math.max(exponent, 0) + 1).replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals ? `${whole}.${padded.slice(Math.max(exponent, 0) + 1).padEnd(decimals, "0")}` : whole;
}

function significant(x, digits) {
  if (x === 0) return "0";
  const [figures, magnitude] = rounded(x, digits);
  if (magnitude < -4 || magnitude >= 15) {
    const power = String(magnitude).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return `${placed(figures, 0, digits - 1)} × 10${power}`;
  }
  const written = placed(figures, magnitude, Math.max(0, digits - 1 - magnitude));
  return written.includes(".") ? written.replace(/\.?0+$/, "") : written;
}

function writer({ factors, prefixes, times, words, prefixed, spelled }) {
  const scale = (size, steps, digits) => {
    const near = Number(size.toExponential(digits - 1));
    return steps.find(([step]) => (near ? near >= step : step === 1)) ?? steps.at(-1);
  };
  const money = (size, digits) => {
    const near = Number(size.toExponential(digits - 1)), cents = size.toFixed(Math.max(2, digits - 1));
    if (near >= 1e6) {
      const [step, word] = scale(size, words, digits);
      return significant(size / step, digits) + word;
    }
    return near >= 0.1 && cents < 1000 ? cents : significant(size, digits);
  };
  return (value, unit = "1", digits = 3, clock = true) => { // without `clock`, long times stay in s
    const scaled = unit === "%" ? value * 100 : value / factors[unit], sign = scaled < 0 ? "−" : "";
    let size = Math.abs(scaled);
    if (Number.isNaN(scaled)) return "—";
    if (size === Infinity) return `${sign}∞`;
    if (unit.startsWith("USD")) {
      return `${sign}$${money(size, digits)}${unit in spelled ? ` ${spelled[unit]}` : unit.slice(3)}`;
    }
    const slash = unit.indexOf("/"), head = slash < 0 ? unit : unit.slice(0, slash), rest = slash < 0 ? "" : unit.slice(slash);
    if ((unit === "s" || unit === "second") && size >= 120) {
      const [step, label] = clock ? times.find(([seconds]) => size >= 2 * seconds) : [1, "s"];
      return `${sign}${significant(size / step, digits)} ${label}`;
    }
    if (head in prefixed) {
      const [step, prefix] = scale(size, prefixes, digits);
      return `${sign}${significant(size / step, digits)} ${prefix}${prefixed[head]}${rest}`;
    }
    if (["1", "%", "token", "parameter"].includes(head)) {
      const [step, word] = scale(size, words, digits), written = significant(size / step, digits) + word;
      return `${sign}${written}${head === "1" ? "" : written === "1" || head === "%" ? ` ${head}` : ` ${head}s`}${rest}`;
    }
    return `${sign}${significant(size, digits)} ${unit}`;
  };
}

/* ---------- elements ---------- */

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const write = (node, text) => node.textContent === text || (node.textContent = text);

/* ---------- the model of one explorer: values of its controls, and what follows from them ---------- */

const look = ({ by, at }, values) => by.reduce((found, axis) => found?.[values[axis]], at);

function offered(spec, choice, values) {
  return choice.name in spec.offers ? look(spec.offers[choice.name], values) : choice.options.map(([value]) => value);
}

/* After a control moved: a choice follows the reader's wish where it is offered, else falls back, and sliders that a table fills follow it */
function settle(spec, values, wishes, moved) {
  for (const choice of spec.choices) {
    const open = offered(spec, choice, values), { name } = choice;
    values[name] = [wishes[name], values[name]].find((option) => open.includes(option)) ?? open[0];
  }
  for (const { name } of spec.sliders) if (spec.data[name]?.by.includes(moved)) values[name] = null;
}

function inputsOf(spec, values) {
  const inputs = { ...spec.fixed };
  for (const [name, table] of Object.entries(spec.data)) inputs[name] = look(table, values);
  for (const { name, assumed } of spec.sliders) inputs[name] = values[name] ?? inputs[name] ?? assumed;
  return inputs;
}

/* ---------- the chart of curves: log-log, one line a formula ---------- */

const SAMPLES = 120, ROW = 15; // points along a curve; px between two labels

const short = (x) => (x < 1e3 ? `${x}` : x < 1e6 ? `${x / 1e3}K` : x < 1e9 ? `${x / 1e6}M` : `${x / 1e9}B`);
const decades = (low, high) => Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => Number(`1e${Math.round(Math.log10(low)) + i}`));

/* Places labels at the heights they want, apart by ROW and inside [top, bottom] */
function spread(wanted, top, bottom) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b), places = [];
  let y = top;
  for (const i of order) y = (places[i] = Math.max(y, wanted[i])) + ROW;
  y = bottom;
  for (const i of order.reverse()) y = (places[i] = Math.min(places[i], y)) - ROW;
  return places;
}

function lines(chart, { text, shown, compute, pick }) {
  const { x, curves } = chart, [from, to] = [chart.from, chart.to];
  const xs = Array.from({ length: SAMPLES + 1 }, (_, i) => from * (to / from) ** (i / SAMPLES));
  const clip = `clip-${(Math.random() * 1e9) | 0}`, box = svg("rect");
  const grid = svg("g", { class: "grid" }), frame = svg("g", { class: "curves", "clip-path": `url(#${clip})` });
  const drawn = curves.map(({ role, style }) => svg("path", { "data-role": role, class: `curve ${style}` }));
  const leaders = curves.map(({ role }) => svg("path", { "data-role": role, class: "leader" }));
  const labels = curves.map(({ role, label }) => svg("text", { "data-role": role, class: "label" }, label));
  const marks = chart.marks.map(({ role }) => [svg("path", { "data-role": role, class: "mark" }), svg("text", { "data-role": role, class: "label" })]);
  const rule = svg("path", { class: "rule" }), dot = svg("circle", { class: "dot", r: 6 }), value = svg("text", { class: "value" });
  frame.append(...drawn);
  const node = svg("svg", { role: "img", class: "chart" }, svg("defs", {}, svg("clipPath", { id: clip }, box)), grid,
    rule, ...marks.map(([line]) => line), frame, ...leaders, ...labels, ...marks.map(([, label]) => label), dot, value);
  let plot, drawnGrid, place = () => [0, 0];

  /* Decades that hold the dot's curve from end to end, and one below, where the other curves come from */
  const range = (ys) => {
    const last = Math.max(...ys), first = Math.min(...ys);
    return [10 ** (Math.floor(Math.log10(first) + 1e-9) - 1), 10 ** Math.ceil(Math.log10(last) - 1e-9)];
  };

  const axes = (low, high) => {
    const { left, right, top, bottom } = plot, lines = [];
    for (const tick of decades(low, high)) {
      const [, y] = place(from, tick);
      lines.push(svg("path", { d: `M${left} ${y}H${right}` }), svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, text(tick, ...shown[chart.dot], false)));
    }
    const every = decades(from, to), sparse = (right - left) / (every.length - 1) < 36 ? 2 : 1;
    every.forEach((tick, i) => {
      const [px] = place(tick, low);
      lines.push(svg("path", { d: `M${px} ${bottom}v5` }));
      if (i % sparse === 0) lines.push(svg("text", { x: px, y: bottom + 19, "text-anchor": "middle" }, short(tick)));
    });
    lines.push(svg("text", { x: 2, y: 13, class: "axis" }, chart.y_label), svg("text", { x: right, y: bottom + 38, class: "axis", "text-anchor": "end" }, chart.x_label));
    grid.replaceChildren(...lines);
    fill(box, { x: left, y: top, width: right - left, height: bottom - top });
  };

  const paint = ({ inputs, results, width, said }) => {
    const height = Math.round(Math.min(400, Math.max(270, width * 0.62)) * (chart.height ?? 1));
    plot = { left: 64, right: width - 68, top: 40, bottom: height - 44 };
    const { left, right, top, bottom } = plot;
    const points = xs.map((at) => compute({ ...inputs, [x]: at }));
    const [low, high] = range(points.map((point) => point[chart.dot]));
    const kx = (right - left) / Math.log(to / from), ky = (bottom - top) / Math.log(high / low);
    place = (px, py) => [left + kx * Math.log(px / from), bottom - ky * Math.log(py / low)];
    const key = [width, low, high].join();
    if (key !== drawnGrid) {
      drawnGrid = key;
      fill(node, { viewBox: `0 0 ${width} ${height}`, width, height });
      axes(low, high);
    }
    const ends = curves.map(({ name }, i) => {
      let path = "", pen = "M";
      points.forEach((point, j) => {
        const y = point[name] > 0 && point[name] < Infinity ? place(1, point[name])[1] : NaN;
        if (Number.isNaN(y)) pen = "M";
        else [path, pen] = [`${path}${pen}${(left + ((right - left) * j) / SAMPLES).toFixed(1)} ${y.toFixed(1)}`, "L"];
      });
      drawn[i].setAttribute("d", path);
      return place(1, points[SAMPLES][name])[1];
    });
    const seen = ends.map((y) => y >= top - 1 && y <= bottom + 1);
    const places = spread(ends.filter((_, i) => seen[i]), top + 2, bottom - 2);
    labels.forEach((label, i) => {
      label.style.display = leaders[i].style.display = seen[i] ? "" : "none";
      if (!seen[i]) return;
      const y = places[seen.slice(0, i).filter(Boolean).length];
      leaders[i].setAttribute("d", `M${right + 1} ${ends[i].toFixed(1)}L${right + 9} ${y.toFixed(1)}`);
      fill(label, { x: right + 12, y: (y + 4).toFixed(1) });
    });
    const [px, py] = place(inputs[x], results[chart.dot]), flip = px > left + 80; // left of the dot nothing is drawn
    write(value, said(chart.dot));
    const free = flip && py < top + 22 ? px - 18 - value.textContent.length * 9 : width; // where a label would run into the value
    chart.marks.forEach(({ name, label }, i) => {
      const at = results[name], inside = at >= from && at <= to, [mark] = place(at, low);
      const [line, words] = marks[i];
      line.style.display = words.style.display = inside ? "" : "none";
      if (!inside) return;
      line.setAttribute("d", `M${mark} ${top}V${bottom}`);
      write(words, label.replace(/\{(\w+)\}/g, (_, found) => said(found)));
      const long = words.textContent.length * 7; // px, about: measuring would lay the page out once more
      const end = mark - long / 2 < px && mark + long / 2 > free ? free : width;
      fill(words, { x: Math.max(0, Math.min(mark - long / 2, end - long)), y: top - 7 });
    });
    rule.setAttribute("d", `M${px} ${bottom}V${py}`);
    fill(dot, { cx: px, cy: py });
    fill(value, { x: px + (flip ? -10 : 10), y: py - 12, "text-anchor": flip ? "end" : "start" });
  };

  /* A tap or a drag on the chart moves the slider of its x axis; scrolling past it with a finger does not */
  const drag = (event) => {
    const across = (event.clientX - node.getBoundingClientRect().left - plot.left) / (plot.right - plot.left);
    if (across > -0.05 && across < 1.05) pick(x, from * (to / from) ** across);
  };
  node.addEventListener("click", drag);
  node.addEventListener("pointermove", (event) => event.buttons && drag(event));
  return { node, paint };
}

/* ---------- the explorer ---------- */

let serial = 0;
const keys = { "data-lm-suppress-shortcuts": "true" }; // JupyterLab leaves a control its arrow keys

function explorer({ compute, units, draw = {} }) {
  const text = writer(units), kinds = { lines, ...draw };

  function render({ model, el }) {
    const spec = model.get("spec"), { shown } = spec, id = `${spec.name}-${(serial += 1)}`;
    let values = { ...model.get("values") }, frame = 0, width = 0, speak, save;

    const nouns = Object.fromEntries(spec.sliders.map(({ name, noun }) => [name, noun]));
    const say = (name, value) => {
      if (value === Infinity) return "none";
      const words = text(value, ...shown[name]);
      return nouns[name] ? `${words} ${nouns[name][value === 1 ? 0 : 1]}` : words;
    };

    const live = html("p", { class: "spoken", "aria-live": "polite" });
    const regime = html("span", { class: "regime" }), badges = spec.cautions.map(({ label }) => html("span", { class: "warning" }, label));
    const reset = html("button", { class: "reset", type: "button", ...keys }, "Reset");
    reset.addEventListener("click", () => stand({ ...model.get("opening") }, model.get("opening")));
    const notes = html("div", { class: "notes" });

    const selects = spec.choices.map((choice) => {
      const select = html("select", { id: `${id}-${choice.name}`, name: choice.name, ...keys });
      select.addEventListener("change", () => move(choice.name, select.value));
      return { choice, select, row: html("div", { class: "choice" }, html("label", { for: select.id }, choice.label), select) };
    });
    const ranges = spec.sliders.map((slider) => {
      const input = html("input", { id: `${id}-${slider.name}`, name: slider.name, type: "range", min: 0, max: slider.stops.length - 1, step: 1, ...keys });
      const amount = html("span", { class: "amount", "data-widest": slider.widest }), why = html("span");
      const origin = html("span", { class: "origin", "data-widest": slider.longest }, why);
      input.addEventListener("input", () => move(slider.name, slider.stops[input.value]));
      const row = html("div", { class: slider.widest.length > 24 ? "slider wide" : "slider" }, html("div", { class: "named" }, html("label", { for: input.id }, slider.label), amount), input);
      if (slider.assumed !== null) row.append(origin);
      return { slider, input, amount, origin, why, row };
    });
    const readouts = spec.readouts.map(({ name, label, role, lead, light }) => {
      const value = html("dd", { "data-name": name });
      return { name, value, row: html("div", { class: lead ? "headline" : light ? "light" : "", "data-role": role }, html("dt", {}, label), value) };
    });

    function pick(name, wanted) {
      const { stops } = spec.sliders.find((slider) => slider.name === name);
      move(name, stops[nearest(stops, wanted)]);
    }
    const chart = kinds[spec.chart.kind](spec.chart, { text, shown, compute, pick, html, svg, write });

    const main = html("div", { class: "stage" }, chart.node, html("div", { class: "explorer-controls sliders" }, ...ranges.map(({ row }) => row)));
    const side = html("div", { class: "numbers" }, html("div", { class: "badges" }, regime, ...badges), html("dl", {}, ...readouts.map(({ row }) => row)));
    const root = html("section", { class: "explorer", "aria-label": spec.title }, html("div", { class: "title" }, html("span", {}, spec.title), reset),
      html("div", { class: "explorer-controls choices" }, ...selects.map(({ row }) => row)), html("div", { class: "halves" }, main, side, notes), live);

    const move = (name, value) => stand({ ...values, [name]: value }, { ...model.get("wishes"), [name]: value }, name);
    function stand(wanted, wishes, moved) {
      values = wanted;
      settle(spec, values, wishes, moved);
      model.set("wishes", wishes);
      schedule();
      clearTimeout(save); // a kernel hears where the reader paused, not every frame
      save = setTimeout(() => { model.set("values", values); model.save_changes(); }, 60);
    }
    const schedule = () => { frame ||= requestAnimationFrame(update); };

    /* Whether a slider that a choice fills was moved, where the choice has words for that */
    const typed = ({ name, own }) => own && spec.sliders.some((slider) => values[slider.name] !== null && spec.data[slider.name]?.by.includes(name));

    function controls(inputs) {
      for (const { choice, select } of selects) {
        const open = offered(spec, choice, values), own = typed(choice), key = `${open}${own}`, now = own ? "" : values[choice.name];
        if (select.dataset.open !== key) {
          select.dataset.open = key;
          select.replaceChildren(...(own ? [html("option", { value: "" }, choice.own)] : []), ...choice.options.filter(([v]) => open.includes(v)).map(([v, label]) => html("option", { value: v }, label)));
        }
        if (select.value !== now) select.value = now;
      }
      for (const range of ranges) slide(range, inputs[range.slider.name]);
    }

    /* A slider at its input; what is as it was is not touched */
    function slide(range, at) {
      const { slider, input, amount, origin, why } = range, { name } = slider, asked = values[name] !== null;
      const given = !asked && look(spec.data[name], values) !== undefined, from = given ? slider.given : asked ? slider.moved : slider.otherwise, state = `${at} ${from}`;
      if (range.state !== state) {
        const words = say(name, at);
        Object.assign(range, { state, place: nearest(slider.stops, at) });
        input.style.setProperty("--filled", range.place / (slider.stops.length - 1));
        input.setAttribute("aria-valuetext", from ? `${words}, ${from}` : words);
        origin.classList.toggle("assumed", !given);
        write(why, from);
        write(amount, words);
      }
      if (input.value !== `${range.place}`) input.value = range.place;
    }

    function update() {
      frame = 0;
      const inputs = inputsOf(spec, values), results = compute(inputs);
      const bound = spec.regimes.find(({ at_least: pair }) => !pair || results[pair[0]] >= results[pair[1]]);
      const said = (name) => {
        if (name === "regime") return bound?.label ?? "";
        const choice = spec.choices.find((one) => one.name === name);
        if (!choice) return say(name, inputs[name] ?? results[name]);
        return typed(choice) ? choice.own : choice.options.find(([v]) => v === values[name])[1];
      };
      const filled = (template) => template.replace(/\{(\w+)(?:\?([^|{}]*)\|([^{}]*))?\}/g, (_, name, one, many) => {
        const told = said(name);
        return ((told.split(" ")[0] === "1" ? one : many) ?? "#").replace("#", () => told);
      });
      controls(inputs);
      for (const { name, value } of readouts) write(value, said(name));
      if (bound && regime.textContent !== bound.label) { write(regime, bound.label); regime.dataset.role = bound.role; }
      const remarks = spec.chart.marks.map(({ name, present, absent }) => [filled(results[name] === Infinity ? absent : present), ""]);
      spec.cautions.forEach(({ when, words, label }, i) => {
        const holds = results[when[0]] > results[when[1]];
        badges[i].hidden = !(holds && label);
        if (holds) remarks.push([filled(words), "caution"]);
      });
      const key = JSON.stringify(remarks);
      if (notes.dataset.key !== key) {
        notes.dataset.key = key;
        notes.replaceChildren(...remarks.map(([words, kind]) => html("p", { class: kind }, words)));
      }
      const spoken = [filled(spec.summary), ...remarks.map(([words]) => words)].join(" ");
      clearTimeout(speak); // a screen reader hears where the reader paused; nothing on loading
      if (live.textContent) speak = setTimeout(() => write(live, spoken), 500);
      else write(live, spoken);
      chart.node.setAttribute("aria-label", filled(spec.chart.alt));
      if (width) chart.paint({ inputs, results, values, width, said });
    }

    const changed = () => {
      const come = model.get("values");
      if (JSON.stringify(come) !== JSON.stringify(values)) { values = { ...come }; schedule(); }
    };
    model.on("change:values", changed);
    const watch = new ResizeObserver(([{ contentRect }]) => {
      const now = Math.floor(contentRect.width);
      if (now && now !== width) { width = now; update(); }
    });
    el.append(root);
    watch.observe(main);
    update();
    Object.assign(root, { move, frame: update, values: () => values }); // for the address of a page, tests and benchmarks
    return () => { watch.disconnect(); model.off("change:values", changed); clearTimeout(save); clearTimeout(speak); };
  }
  return { render, text, compute };
}

/* The stop closest to x, as a ratio */
function nearest(stops, x) {
  const off = (i) => Math.abs(Math.log(stops[i] / x));
  return stops.reduce((best, _, i) => (off(i) < off(best) ? i : best), 0);
}
