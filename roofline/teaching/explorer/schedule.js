/* A pipeline's schedule, run and drawn. The orders and the run are twins of roofline.schedule_orders and
   roofline.schedules; a test compares the two. This text is the body of a function. */

/* Operations of each stage in order, [kind, micro-batch, position]; BW is a whole backward pass */
function orders(code, P, m, v) {
  const rows = [];
  for (let s = 0; s < P; s += 1) {
    const list = [], add = (kind, b, position, key) => list.push({ kind, b, position, key }), each = (what) => { for (let i = 0; i < m; i += 1) what(i); };
    const ahead = code - 1; // of the zero-bubble schedules: 1 and 2
    if (code === 0) {
      each((i) => add("F", i, s, i));
      each((i) => add("BW", i, s, i + m));
    } else if (code === 1 && v === 1) {
      each((i) => add("F", i, s, i - (P - 1 - s) - 0.5));
      each((i) => add("BW", i, s, i));
    } else if (code === 1) {
      const early = 2 * (P - 1 - s) + (v - 1) * P, place = (i) => {
        const rest = i % (P * v);
        return [Math.floor(i / (P * v)) * P + (rest % P), Math.floor(rest / P)];
      };
      for (let i = 0; i < m * v; i += 1) { const [b, chunk] = place(i); add("F", b, chunk * P + s, i - early - 0.5); }
      for (let i = 0; i < m * v; i += 1) { const [b, chunk] = place(i); add("BW", b, (v - 1 - chunk) * P + s, i); }
    } else {
      each((i) => add("F", i, s, i - ahead * (P - 1 - s) - 0.5));
      each((i) => add("B", i, s, i));
      each((i) => add("W", i, s, Math.min(i + ahead * s, m - 1) + 0.25));
    }
    rows.push(list.sort((one, other) => one.key - other.key));
  }
  return rows;
}

/* The same rows with start and end: an operation waits for its stage and for what it needs of its neighbour */
function timeline({ schedule_code: code, P, m_b, v_chunks: v, t_f, t_b, t_w, t_link }) {
  const m = code === 1 && v > 1 ? Math.ceil(m_b / P) * P : m_b, rows = orders(code, P, m, v), depth = P * v;
  const times = { F: t_f / v, B: t_b / v, W: t_w / v, BW: t_b / v + t_w / v };
  const forward = {}, backward = {}, at = rows.map(() => 0), clock = rows.map(() => 0);
  const lag = P > 1 ? t_link : 0;
  for (let moved = true; moved;) {
    moved = false;
    rows.forEach((row, s) => {
      for (; at[s] < row.length; at[s] += 1) {
        const op = row[at[s]], { kind, b, position } = op, cell = b * depth + position;
        const last = kind === "F" ? position === 0 : position === depth - 1 || kind === "W";
        const come = last ? 0 : kind === "F" ? forward[cell - 1] : backward[cell + 1];
        if (come === undefined) break;
        op.start = Math.max(clock[s], last ? 0 : come + lag);
        op.end = clock[s] = op.start + times[kind];
        if (kind === "F") forward[cell] = op.end;
        else if (kind !== "W") backward[cell] = op.end;
        moved = true;
      }
    });
  }
  const span = Math.max(...clock), work = m * (t_f + t_b + t_w);
  const held = rows.map((row) => {
    let now = 0, most = 0;
    for (const { kind } of row) { now += kind === "F" ? 1 : kind === "B" ? 0 : -1; most = Math.max(most, now); }
    return most / v;
  });
  const inside = rows.map((row, s) => clock[s] - row[0].start - work);
  return { rows, m, span, work, held, inside: Math.max(0, ...inside) };
}

/* The last run is kept: numbers and picture want the same */
let kept = {};
function run(inputs) {
  const { schedule_code, P, m_b, v_chunks, t_f, t_b, t_w, t_link } = inputs, key = [schedule_code, P, m_b, v_chunks, t_f, t_b, t_w, t_link].join();
  if (kept.key !== key) kept = { key, ...timeline(inputs) };
  return kept;
}

function supply(inputs) {
  const { m, span, work, held, inside } = run(inputs);
  return { m_run: m, t_span: span, t_work: work, t_inside: inside, n_held: Math.max(...held) };
}

const TALL = 208, GAP = 5, PLAY_S = 14; // px of all stages, px between two, seconds that a whole step plays

function draw({ colors, names }, { text, html, svg, write }) {
  const keys = { "data-lm-suppress-shortcuts": "true" }, ms = (t) => text(t, "s", 3);
  const grid = svg("g", { class: "grid" }), boxes = svg("g"), counts = svg("g"), bars = svg("g"), line = svg("path", { class: "cursor" });
  const picture = svg("svg", { class: "chart timeline", "aria-hidden": "true" }, grid, boxes, counts, bars, line);
  const legend = html("p", { class: "legend" }, ...Object.entries(names).map(([kind, name]) => {
    const key = html("span", { class: "key" });
    key.style.background = colors[kind] ?? "";
    return html("span", {}, key, name);
  }));
  const play = html("button", { class: "reset play", type: "button", ...keys }, "Play");
  const back = html("button", { class: "reset", type: "button", "aria-label": "One event back", ...keys }, "◂");
  const next = html("button", { class: "reset", type: "button", "aria-label": "One event on", ...keys }, "▸");
  const scrub = html("input", { type: "range", min: 0, step: 1, "aria-label": "Time in the schedule", ...keys });
  const now = html("p", { class: "now" }), told = html("p", { class: "spoken", "aria-live": "polite" });
  const controls = html("div", { class: "player explorer-controls" }, play, back, next, html("div", { class: "slider" }, scrub));
  const node = html("div", { role: "group", class: "schedule" }, legend, picture, controls, now, told);
  const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  let ran, drawn = "", events = [], shapes = [], labels = [], meters = [], time = 0, scale = (t) => t, frame = 0, from = 0;
  const fills = {}; // paths of all boxes alike, by kind, chunk and whether the cursor has come by

  const stop = () => { cancelAnimationFrame(frame); frame = 0; write(play, "Play"); };
  const reduce = () => { play.hidden = still?.matches ?? false; if (play.hidden) stop(); };
  still?.addEventListener?.("change", reduce);
  reduce();

  const near = () => 1e-9 * ran.span; // rounding in sums of times
  const busy = (row) => row.find(({ start, end }) => start < time + near() && time < end - near());
  const word = { F: "forward", B: "backward", W: "weights", BW: "backward and weights" };
  const sentence = () => ran.rows.map((row, s) => {
    const op = busy(row);
    return `stage ${s + 1} ${op ? `${word[op.kind]} of micro-batch ${op.b + 1}` : "idle"}`;
  }).join("; ");

  /* The whole schedule is always there; what the cursor has not reached is faint */
  function stand(t, speak) {
    time = t;
    fill();
    for (const { op, label } of labels) label.classList.toggle("ahead", op.start > time - near());
    line.setAttribute("d", `M${scale(time)} 0V${TALL}`);
    line.style.display = time < ran.span ? "" : "none";
    meters.forEach(({ bar, label, step, row, most }) => {
      let holds = 0;
      for (const { kind, start, end } of row) holds += (kind === "F" && start < time - near() ? 1 : 0) - ((kind === "W" || kind === "BW") && end < time + near() ? 1 : 0);
      const shown = time < ran.span ? holds / step.v : most;
      bar.setAttribute("width", Math.max(0, shown * step.px).toFixed(1));
      write(label, text(shown, "1", 3));
    });
    const place = events.findIndex((event) => event > time - near()), index = place < 0 ? events.length - 1 : place;
    if (Number(scrub.value) !== index) scrub.value = index;
    scrub.style.setProperty("--filled", index / (events.length - 1));
    const working = ran.rows.filter(busy).length, over = time >= ran.span;
    const words = over ? `The whole step: ${ms(ran.span)}.` : `At ${ms(time)} of ${ms(ran.span)}, ${working} of ${ran.rows.length} stages work.`;
    write(now, words);
    scrub.setAttribute("aria-valuetext", words);
    if (speak) write(told, over ? words : `${words} ${sentence()}.`);
  }
  const jump = (index) => { stop(); stand(events[Math.max(0, Math.min(events.length - 1, index))], true); };
  const here = () => Number(scrub.value);
  back.addEventListener("click", () => jump(here() - 1));
  next.addEventListener("click", () => jump(here() + 1));
  scrub.addEventListener("input", () => jump(here()));
  play.addEventListener("click", () => {
    if (frame) { stop(); stand(time, true); return; }
    write(play, "Pause");
    if (time >= ran.span) time = 0;
    from = performance.now() - (time / ran.span) * PLAY_S * 1000;
    const tick = (at) => {
      const t = ((at - from) / (PLAY_S * 1000)) * ran.span;
      if (t >= ran.span || !node.isConnected) { stop(); stand(ran.span, true); return; }
      frame = requestAnimationFrame(tick);
      stand(Math.max(0, t), false);
    };
    frame = requestAnimationFrame(tick);
  });

  /* Boxes of one kind and chunk are one path, and what is ahead of the cursor another */
  function fill() {
    const paths = {}, soon = time - near();
    for (const { start, kind, chunk, d } of shapes) {
      const name = `${kind}${chunk}${start > soon ? " ahead" : ""}`;
      paths[name] = (paths[name] ?? "") + d;
    }
    for (const name of Object.keys(paths)) {
      if (fills[name]) continue;
      const [kind, chunk] = name;
      boxes.append((fills[name] = svg("path", { class: name.includes(" ") ? "op ahead" : "op", "data-kind": kind, "data-chunk": chunk, fill: colors[kind] })));
    }
    for (const [name, path] of Object.entries(fills)) {
      if (path.getAttribute("d") !== (paths[name] ?? "")) path.setAttribute("d", paths[name] ?? "");
      path.setAttribute("fill-opacity", (1 - (0.5 * path.dataset.chunk) / ran.v).toFixed(2));
    }
  }

  /* One pass: its boxes, two of them for a whole backward pass; those of work on weights are lower */
  function box(op, top, tall) {
    const { start, position, b } = op, x = scale(start), width = Math.max(0.6, scale(op.end) - x - 0.8), chunk = Math.floor(position / ran.rows.length);
    const first = op.kind === "BW" ? width * ran.share : width;
    const one = (kind, left, wide) => {
      const drop = kind === "W" ? 0.27 * tall : 0;
      shapes.push({ start, kind, chunk, d: `M${left.toFixed(2)} ${(top + drop).toFixed(1)}h${Math.max(0.3, wide).toFixed(2)}V${(top + tall).toFixed(1)}H${left.toFixed(2)}z` });
    };
    one(op.kind[0], x, first);
    if (op.kind === "BW") one("W", x + first, width - first);
    if (chunk === 0 && (width > 13 || (width > 9 && b < 9))) labels.push({ op, x: x + first / 2, y: top + tall / 2 + 5, words: String(b + 1) });
  }

  const paint = ({ inputs, width }) => {
    const key = JSON.stringify([inputs, width]);
    if (key === drawn) return;
    drawn = key;
    stop();
    ran = { ...run(inputs), v: inputs.v_chunks, share: inputs.t_b / (inputs.t_b + inputs.t_w) };
    const P = ran.rows.length, left = 58, side = width < 420 ? 66 : 92, right = width - side - 14, each = TALL / P, tall = each - GAP;
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${TALL + 24}`, width, height: TALL + 24 })) picture.setAttribute(name, value);
    scale = (t) => left + ((right - left) * t) / ran.span;
    events = Float64Array.from(ran.rows.flat().flatMap(({ start, end }) => [start, end])).sort().filter((t, i, all) => i === all.length - 1 || all[i + 1] - t > near());
    scrub.max = events.length - 1;
    [shapes, labels] = [[], []];
    ran.rows.forEach((row, s) => { for (const op of row) box(op, s * each, tall); });
    while (counts.childElementCount > labels.length) counts.lastChild.remove();
    labels.forEach((one, i) => {
      one.label = counts.children[i] ?? counts.appendChild(svg("text", { "text-anchor": "middle", class: "count" }));
      one.label.setAttribute("x", one.x.toFixed(1));
      one.label.setAttribute("y", one.y.toFixed(1));
      write(one.label, one.words);
    });
    const lanes = ran.rows.map((_, s) => svg("rect", { class: "lane", x: left, y: s * each, width: right - left, height: tall }));
    const stages = ran.rows.map((_, s) => svg("text", { x: 0, y: s * each + tall / 2 + 5 }, `stage ${s + 1}`));
    grid.replaceChildren(...lanes, ...stages, svg("text", { x: left, y: TALL + 13 }, "0"), svg("text", { x: right, y: TALL + 13, "text-anchor": "end" }, ms(ran.span)),
      svg("text", { x: width, y: TALL + 13, "text-anchor": "end" }, "held"));
    const px = (side - 34) / Math.max(...ran.held);
    meters = ran.rows.map((row, s) => {
      const y = s * each + tall / 2 - 8, at = right + 14;
      const bar = svg("rect", { class: "held", x: at, y, height: 16, width: 0 }), label = svg("text", { x: width, y: y + 13, "text-anchor": "end", class: "holds" });
      const limit = svg("path", { class: "limit", d: `M${(at + ran.held[s] * px).toFixed(1)} ${y - 3}v22` });
      return { bar, label, limit, row, most: ran.held[s], step: { v: ran.v, px } };
    });
    bars.replaceChildren(...meters.flatMap(({ bar, label, limit }) => [bar, limit, label]));
    stand(ran.span, false);
  };
  Object.assign(node, { timeline: () => ran, time: () => time });
  return { node, paint };
}

return Object.assign(supply, { draw, timeline });
