/* A difference on its way through rounds: for each round the bits that differ between two runs, or how often each does.
   `data` holds what Python tabulated; see roofline.teaching.explorer.bitmap. This text is the body of a function. */

const CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.", SURE = 64;
const place = Object.fromEntries([...CODE].map((letter, i) => [letter, i]));

/* Shares from 0 to 1 by output bit after a round, when one input bit is flipped: of one pair of texts, or of many */
function row({ machine_code: machine, text_code: text, bit_asked: asked }, often, round) {
  const { bits, rounds, pairs, shares } = data[machine], bit = Math.min(asked, bits) - 1, wide = Math.ceil(bits / 6);
  const one = (out) => (place[pairs[((text * bits + bit) * (rounds + 1) + round) * wide + Math.floor(out / 6)]] >> out % 6) & 1;
  const many = (out) => place[shares[(bit * (rounds + 1) + round) * bits + out]] / SURE;
  return Array.from({ length: bits }, (_, out) => (often ? many : one)(out));
}

/* The same for the input and all rounds */
const rows = (inputs, often) => Array.from({ length: data[inputs.machine_code].rounds + 1 }, (_, round) => row(inputs, often, round));

function supply(inputs) {
  const sum = (some) => some.reduce((a, b) => a + b, 0), round = inputs.rounds_shown;
  const pair = row(inputs, false, round), many = row(inputs, true, round), bits = many.length;
  return { bit_used: Math.min(inputs.bit_asked, bits), out_bits: bits, n_flipped: sum(pair), mean_share: sum(many) / bits,
    n_reached: many.filter((share) => share > 0).length, worst: Math.max(...many.map((share) => Math.abs(share - 0.5))) };
}

const TALL = 17, LEFT = 56, SIDE = 64, BEAT = 500; // px of a row, of the words and bars beside it; ms of a round at play

/* 1, 3 to 6 and 9 */
function listed(row) {
  const spans = [];
  row.forEach((on, i) => {
    if (!on) return;
    if (spans.length && spans.at(-1)[1] === i) spans.at(-1)[1] = i + 1;
    else spans.push([i + 1, i + 1]);
  });
  const words = spans.flatMap(([a, b]) => (b > a + 1 ? [`${a} to ${b}`] : b > a ? [`${a}`, `${b}`] : [`${a}`]));
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0] ?? "none";
}

function draw(picture, { text, html, svg, write, pick }) {
  const keys = { "data-lm-suppress-shortcuts": "true" };
  const lanes = svg("path", { class: "lane" }), cells = svg("g", { class: "cells" }), meters = svg("path", { class: "share" }), beside = svg("g", { class: "grid" });
  const chart = svg("svg", { class: "chart bitmap", "aria-hidden": "true" }, lanes, cells, meters, beside);
  const play = html("button", { class: "reset play", type: "button", ...keys }, "Play the rounds");
  const now = html("p", { class: "now" });
  const node = html("div", { role: "group", class: "spreading" }, chart, html("div", { class: "explorer-controls player" }, play), now);
  const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  let drawn = "", laid = "", beat = 0, at = 0, last = 0, place = () => 0;

  const stop = () => { clearInterval(beat); beat = 0; write(play, "Play the rounds"); };
  const reduce = () => { play.hidden = still?.matches ?? false; if (play.hidden) stop(); };
  still?.addEventListener?.("change", reduce);
  reduce();
  play.addEventListener("click", () => {
    if (beat) { stop(); return; }
    write(play, "Pause");
    if (at >= last) pick("rounds_shown", 0);
    beat = setInterval(() => {
      if (at >= last || !node.isConnected) stop();
      else pick("rounds_shown", at + 1);
    }, BEAT);
  });
  chart.addEventListener("click", (event) => {
    const bit = place(event.clientX - chart.getBoundingClientRect().left);
    if (bit) pick("bit_asked", bit);
  });

  const paint = ({ inputs, values, width }) => {
    const often = values.look === "often", key = JSON.stringify([inputs, often, width]);
    if (key === drawn) return;
    drawn = key;
    const all = rows(inputs, often), { halves, steps } = data[inputs.machine_code], bits = all[0].length, used = Math.min(inputs.bit_asked, bits);
    [at, last] = [inputs.rounds_shown, all.length - 1];
    const gap = halves ? 6 : 0, right = width - SIDE, wide = Math.min(24, (right - LEFT - gap) / bits), top = 20;
    const x = (i) => LEFT + wide * i + (i >= bits / 2 ? gap : 0), y = (row) => top + row * TALL, end = x(bits), bars = end + 8, long = SIDE - 12;
    place = (px) => all[0].findIndex((_, i) => px >= x(i) && px < x(i) + wide) + 1;
    const height = y(all.length) + 20;
    const shown = all.slice(0, at + 1), sum = (row) => row.reduce((a, b) => a + b, 0), size = [Math.max(1, wide - 1).toFixed(1), TALL - 1];
    const box = (left, row, [across, tall] = size) => `M${left.toFixed(1)} ${y(row) + (TALL - tall) / 2}h${across}v${tall}h-${across}z`;
    const paths = {}; // of all cells as deep in colour, for hundreds of elements would take long
    shown.forEach((row, r) => row.forEach((share, i) => { if (share) paths[share.toFixed(3)] = (paths[share.toFixed(3)] ?? "") + box(x(i) + 0.5, r); }));
    cells.replaceChildren(...Object.entries(paths).map(([share, d]) => svg("path", { "fill-opacity": share, d })));
    meters.setAttribute("d", shown.map((row, r) => box(bars, r, [((long * sum(row)) / bits).toFixed(1), TALL - 8])).join(""));
    const frame = [inputs.machine_code, at, width].join();
    if (laid !== frame) {
      laid = frame;
      for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) chart.setAttribute(name, value);
      lanes.setAttribute("d", shown.flatMap((row, r) => row.map((_, i) => box(x(i) + 0.5, r))).join(""));
      const words = shown.map((_, r) => svg("text", { x: LEFT - 6, y: y(r) + 13, "text-anchor": "end" }, r ? `${steps} ${r}` : "input"));
      const middle = svg("path", { class: "half", d: `M${(bars + long / 2).toFixed(1)} ${top - 2}V${y(all.length)}` });
      const heads = halves ? [svg("text", { x: x(0), y: 13 }, halves[0]), svg("text", { x: x(bits / 2), y: 13 }, halves[1])] : [svg("text", { x: x(0), y: 13 }, "signs")];
      beside.replaceChildren(...heads, ...words, middle, svg("text", { x: bars + long / 2, y: 13, "text-anchor": "middle" }, "½"));
    }
    const many = all[at].filter((share) => share > 0).length, sure = all[at].filter((share) => share >= 0.99).length;
    const where = at ? `after ${steps} ${at}` : "in the input";
    write(now, often ? `Bit ${used} was flipped in many texts: ${where}, ${many} of ${bits} bits differ now and then, ${sure} always. The deeper the colour, the more often.`
      : `Bit ${used} was flipped: ${where}, these bits differ: ${listed(all[at])}.`);
    if (at >= last && beat) stop();
  };
  Object.assign(node, { rows: () => drawn && JSON.parse(drawn) });
  return { node, paint };
}

return Object.assign(supply, { draw, rows });
