"""What axe objects to in a page, asked of each distinct kind of element once: pages repeat rows by the thousand."""

from axe_playwright_python.sync_playwright import Axe

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EACH = 1  # elements of a kind that stay

# Takes repeated elements out of the page. Two are of one kind when they stand in the same kinds of ancestors and are
# made of the same kinds of parts: tag, class, role, names of attributes, whether there are words, and how they look.
# Of a formula, thousands of spans in the colour of the text around it, the size stays.
THIN = """each => {
  const formulas = [...document.querySelectorAll(".katex-html > .base")];
  const sizes = formulas.map((formula) => formula.getBoundingClientRect());
  formulas.forEach((formula, i) => {
    formula.textContent = "";
    formula.style = `display: inline-block; width: ${sizes[i].width}px; height: ${sizes[i].height}px`;
  });
  for (const math of document.querySelectorAll("math")) math.textContent = math.textContent;
  const REPEATED = "tr, li, p, details, div, section, a, code, pre span, svg :is(rect, path, line, circle, text)";
  const look = ({ color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, visibility, fill }) =>
    [color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, visibility, fill];
  const own = (e) => [e.localName, e.getAttribute("class"), e.getAttribute("role"), e.getAttribute("aria-hidden"),
    e.getAttributeNames().sort(), [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()),
    look(getComputedStyle(e))].join("|");
  const selves = new WeakMap(), kinds = new WeakMap(), numbers = new Map(), seen = new Map();
  const number = (text) => numbers.get(text) ?? (numbers.set(text, numbers.size), numbers.size - 1);
  (function name(e) {
    const parts = new Set();
    for (const part of e.matches(".katex") ? [] : e.children) parts.add(name(part));
    selves.set(e, own(e));
    kinds.set(e, number(`${selves.get(e)}(${[...parts].sort()})`));
    return kinds.get(e);
  })(document.body);
  (function thin(e, path) {
    const here = number(`${path}>${selves.get(e)}`);
    for (const part of [...e.children]) {
      const kind = `${here}/${kinds.get(part)}`, count = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, count);
      if (count > each && part.matches(REPEATED)) part.remove();
      else thin(part, here);
    }
  })(document.body, 0);
  return document.querySelectorAll("body *").length;
}"""


def thin(page, each=EACH):
    """Leave `each` elements of every kind in the page, and return how many elements there are then."""
    return page.evaluate(THIN, each)


def faults(page, *rules, include=None):
    """Rule, markup and reason of each fault; all rules of WCAG 2.2 at levels A and AA unless some are named."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
    context = {"exclude": [[".katex-html"]]} | ({"include": [[one] for one in include]} if include else {})
    found = Axe().run(page, context=context, options={"runOnly": only, "resultTypes": ["violations"], "preload": False})
    return [(fault["id"], node["html"][:200], node["failureSummary"])
            for fault in found.response["violations"] for node in fault["nodes"]]
