"""What axe objects to in a page, asked of each distinct kind of element once: pages repeat rows by the thousand.

Pages of one site repeat each other too: what one has shown need not be asked of the next.
"""

from axe_playwright_python.sync_playwright import Axe

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EACH = 1  # elements of a kind that stay

# Takes repeated elements out of the page. Two are of one kind when they stand in the same kinds of ancestors and are
# made of the same kinds of parts: tag, class, role, names of attributes, whether there are words, and how they look.
# Of a formula, thousands of spans in the colour of the text around it, the size stays. A kind is told by a hash.
THIN = """([each, known]) => {
  const formulas = [...document.querySelectorAll(".katex-html > .base")];
  const sizes = formulas.map((formula) => formula.getBoundingClientRect());
  formulas.forEach((formula, i) => {
    formula.textContent = "";
    formula.style = `display: inline-block; width: ${sizes[i].width}px; height: ${sizes[i].height}px`;
  });
  for (const math of document.querySelectorAll("math")) math.textContent = math.textContent;
  const REPEATED = "tr, li, p, details, dl, div, section, a, code, span, em, small, wbr, "
    + "svg :is(rect, path, line, circle, text)";
  const WHOLE = "a, button, label, legend, caption, summary, select, h1, h2, h3, h4, h5, h6";  // named by their parts
  const look = ({ color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, visibility, fill }) =>
    [color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, visibility, fill];
  const own = (e) => [e.localName, e.getAttribute("class"), e.getAttribute("role"), e.getAttribute("aria-hidden"),
    e.getAttributeNames().sort(), [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()),
    look(getComputedStyle(e))].join("|");
  const selves = new WeakMap(), kinds = new WeakMap(), seen = new Map(known.map((kind) => [kind, each]));
  const number = (text) => {  // FNV-1a twice: 52 bits tell some ten thousand kinds apart
    let low = 0x811c9dc5, high = 0x1b873593;
    for (let i = 0; i < text.length; i++) {
      low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
      high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b);
    }
    return (low >>> 0) * 2 ** 20 + (high >>> 12);
  };
  (function name(e) {
    const parts = new Set();
    for (const part of e.matches(".katex") ? [] : e.children) parts.add(name(part));
    selves.set(e, own(e));
    kinds.set(e, number(`${selves.get(e)}(${[...parts].sort()})`));
    return kinds.get(e);
  })(document.body);
  const named = (part) => [...part.querySelectorAll("label")].some(({ control }) => control && !part.contains(control));
  (function thin(e, path) {
    const here = number(`${path}>${selves.get(e)}`);
    for (const part of [...e.children]) {
      const kind = number(`${here}/${kinds.get(part)}`), count = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, count);
      if (count > each && part.matches(REPEATED) && !named(part)) part.remove();
      else if (!part.matches(WHOLE)) thin(part, here);
    }
  })(document.body, 0);
  return [document.querySelectorAll("body *").length, [...seen.keys()]];
}"""


def thin(page, known=None):
    """Leave EACH elements of every kind in the page, and return how many elements there are then.

    Of the kinds in `known`, which tells what page was the first to show each, only its own stay. New ones are added.
    """
    known = {} if known is None else known
    left, seen = page.evaluate(THIN, [EACH, [kind for kind, first in known.items() if first is not page]])
    for kind in seen:
        known.setdefault(kind, page)
    return left


def faults(page, *rules, include=None):
    """Rule, markup and reason of each fault; all rules of WCAG 2.2 at levels A and AA unless some are named."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
    context = {"exclude": [[".katex-html"]]} | ({"include": [[one] for one in include]} if include else {})
    found = Axe().run(page, context=context, options={"runOnly": only, "resultTypes": ["violations"], "preload": False})
    return [(fault["id"], node["html"][:200], node["failureSummary"])
            for fault in found.response["violations"] for node in fault["nodes"]]
