// Cards beside words of the text: they open by hover, focus or tap. numbers.js and terms.js say what stands in them.
// `cards(elements, { told, label, button })`: the markup of an element's card, its name, and whether the element is a
// button of its own rather than a link, which a second tap or a click follows.
const cards = (() => {
  const card = document.createElement("div"), kinds = new Map();
  let open = null, pinned = false, timer = 0, touched = false;

  card.className = "number-card";
  card.tabIndex = -1;   // a click on its text keeps it open
  card.id = "number-card";
  card.setAttribute("role", "group");
  if ("popover" in card) card.popover = "manual";   // above everything, and not cut off by a box that scrolls

  function show(word) {
    clearTimeout(timer);
    if (open === word) return;
    hide();
    open = word;
    const { told, label, button } = kinds.get(word);
    card.innerHTML = told(word);
    card.firstElementChild.id = "number-says";
    card.setAttribute("aria-label", label(word));
    word.after(card);
    word.setAttribute("aria-describedby", "number-says");
    if (button) {
      word.setAttribute("aria-expanded", "true");
      word.setAttribute("aria-controls", "number-card");
    }
    card.showPopover?.();
    place();
    const math = card.querySelector(".number-math");
    if (math?.scrollWidth > math?.clientWidth + 1) math.tabIndex = 0;
  }

  function hide() {
    clearTimeout(timer);
    close();
  }

  function close() {
    pinned = false;
    if (!open) return;
    const word = open;
    open = null;   // first, because taking the card away moves the focus
    if (kinds.get(word).button) word.setAttribute("aria-expanded", "false");
    word.removeAttribute("aria-controls");
    word.removeAttribute("aria-describedby");
    card.remove();
  }

  // Below the word, or above it where there is more room; never beyond the edges of the window
  function place() {
    if (!open) return;
    const box = open.getClientRects()[0], high = innerHeight, wide = document.documentElement.clientWidth;
    if (!box || box.bottom < 0 || box.top > high) return close();   // another may be about to open
    const below = high - box.bottom - 14, above = box.top - 14;
    card.style.maxHeight = "none";
    const under = card.offsetHeight <= below || below >= above;
    card.style.maxHeight = `${Math.max(under ? below : above, 80)}px`;
    card.style.left = `${Math.max(8, Math.min(box.left, wide - card.offsetWidth - 8))}px`;
    card.style.top = `${under ? box.bottom + 6 : box.top - 6 - card.offsetHeight}px`;
  }

  const later = (act, wait) => { clearTimeout(timer); timer = setTimeout(act, wait); };
  const leave = (event) => { if (event.pointerType === "mouse" && open && !pinned) later(hide, 250); };
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", leave);

  function toggle(word) {
    if (!getSelection().isCollapsed) return;   // text was being selected
    if (open === word && pinned) return hide();
    show(word);
    pinned = true;
  }

  function press(word) {
    word.tabIndex = 0;
    word.setAttribute("role", "button");
    word.setAttribute("aria-expanded", "false");
    word.addEventListener("click", () => toggle(word));
    word.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle(word);
    });
  }

  function tap(link) {
    link.addEventListener("pointerdown", (event) => { touched = event.pointerType !== "mouse"; });
    link.addEventListener("click", (event) => {
      if (!touched || (open === link && pinned)) return;
      event.preventDefault();
      toggle(link);
    });
  }

  function add(words, kind) {
    for (const word of words) {
      kinds.set(word, kind);
      (kind.button ? press : tap)(word);
      word.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") later(() => show(word), 200); });
      word.addEventListener("pointerleave", (event) => { if (open === word) leave(event); else clearTimeout(timer); });
      word.addEventListener("focus", () => { if (word.matches(":focus-visible")) show(word); });
      word.addEventListener("blur", (event) => { if (open === word && !card.contains(event.relatedTarget)) hide(); });
    }
  }

  card.addEventListener("focusout", (event) => {
    if (open && event.relatedTarget !== open && !card.contains(event.relatedTarget) && event.relatedTarget) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    const word = open, inside = card.contains(document.activeElement);
    hide();
    if (inside) { word.focus(); hide(); }
  });
  document.addEventListener("pointerdown", (event) => {
    if (open && !card.contains(event.target) && !open.contains(event.target)) hide();
  });
  addEventListener("scroll", (event) => { if (!card.contains(event.target)) place(); }, { capture: true, passive: true });
  addEventListener("resize", place);
  addEventListener("beforeprint", hide);
  return add;
})();
