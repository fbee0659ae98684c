// Self-check questions: what roofline/teaching/selfcheck.py does in a kernel, done in the page.
const MAGNITUDES = { k: 1e3, K: 1e3, thousand: 1e3, M: 1e6, million: 1e6, bn: 1e9, G: 1e9, billion: 1e9, T: 1e12, trillion: 1e12 };
const NUMBER = /^[$≈~]?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:\s*[x*·]\s*10\^?([-+]?\d+))?\s*(.*)$/i;
const POWERS = [1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9, 1e12, 1e-12];
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", LEVEL = "0123456789-+";

function checksum(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

function unsealed(id, value, entry) {
  const key = `${id}|${Math.floor(Math.log(value) / entry.width - entry.phase)}`;
  if (checksum(key) !== entry.sum) return null;
  const bytes = entry.text.match(/../g).map((pair, i) => parseInt(pair, 16) ^ ((checksum(`${key}|${i}`) >>> 13) & 0xff));
  return new TextDecoder().decode(new Uint8Array(bytes));
}

function scale(suffix, units) {
  if (!suffix) return 1;
  if (Object.hasOwn(units, suffix)) return units[suffix];
  for (const [name, size] of Object.entries(MAGNITUDES)) {
    const rest = suffix.slice(name.length).trim();
    if (suffix.startsWith(name) && (!rest || Object.hasOwn(units, rest))) return size * (rest ? units[rest] : 1);
  }
  return null;
}

function read(typed, question) {
  const plain = typed.replace(/−/g, "-").replace(/×/g, "x").replace(/[\u00a0\u202f]/g, " ").replace(/_/g, "")
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+/g, (run) => "^" + [...run].map((c) => LEVEL[RAISED.indexOf(c)]).join("")).trim()
    .replace(/(?<=\d)(?<!^0)(?<!\D0)[, ](?=\d{3}(?!\d))/g, "").replace(/(?<=\d),(?=\d)/g, ".").replace("**", "^");
  const match = NUMBER.exec(plain);
  if (!match) return [0, "Type a number, such as 5.4k, 1.16 or 1.16e-3."];
  const value = Number(match[1]) * 10 ** Number(match[2] || 0);
  if (!(value > 0 && value < Infinity)) return [0, "The answer is a positive number."];
  const factor = scale(match[3], question.units);
  if (factor === null) return [0, `“${match[3]}” is no unit here; answer in ${question.label || "a plain number"}.`];
  return [value * factor, ""];
}

function reply(typed, question) {
  const [value, fault] = read(typed, question);
  if (fault) return [false, fault];
  for (const [index, entry] of question.entries.entries()) {
    const words = unsealed(question.id, value, entry);
    if (words !== null) return [index === 0, words];
  }
  if (POWERS.some((power) => unsealed(question.id, value * power, question.entries[0]) !== null))
    return [false, `The digits are right, the power of ten is not${question.label ? `: answer in ${question.label}` : ""}.`];
  return [false, "Not yet."];
}

for (const box of document.querySelectorAll(".selfcheck[data-selfcheck]")) {
  const question = JSON.parse(box.dataset.selfcheck), form = box.querySelector("form"), status = form.querySelector("[role=status]");
  form.hidden = false;
  box.querySelector(".selfcheck-live").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [right, words] = reply(form.querySelector("input").value, question);
    box.dataset.state = right ? "right" : "wrong";
    status.textContent = words;
  });
}
