/* Brings anywidgets on a static page to life: no kernel, no widget manager, no request.
   A page holds the state of all its widgets once, and a view (a model id) where each stands; the state of an anywidget
   holds its module and style as text. Widgets of other kinds, which need a kernel, are left alone.
   The page loads this script beside its text: modules are made ready while the text is still coming, and widgets come to
   life as soon as it is there, before the scripts that wait for it. Where a reader moves an explorer, its setting goes into
   the page's address. */

(() => {
  const modules = new Map(), states = {};

  function gather() {
    for (const script of document.querySelectorAll('script[type="application/vnd.jupyter.widget-state+json"]:not([data-read])')) {
      script.dataset.read = "";
      Object.assign(states, JSON.parse(script.textContent).state);
    }
  }

  function load(text) {
    if (!modules.has(text)) {
      const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      modules.set(text, import(address).then(({ default: made }) => (typeof made === "function" ? made() : made))
        .finally(() => URL.revokeObjectURL(address)));
    }
    return modules.get(text);
  }

  /* The part of a widget model that a view uses: values, and who hears of changes */
  function modelOf(state) {
    const heard = {}, changed = new Set();
    return {
      get: (name) => state[name],
      set: (name, value) => { if (state[name] !== value) { state[name] = value; changed.add(name); } },
      save_changes: () => { for (const name of changed) { changed.delete(name); for (const hear of heard[`change:${name}`] ?? []) hear(); } },
      on: (event, hear) => { (heard[event] ??= new Set()).add(hear); },
      off: (event, hear) => { if (hear) heard[event]?.delete(hear); else delete heard[event]; },
      send: () => {},
    };
  }

  function dress(css) {
    if (!css || [...document.querySelectorAll("style.anywidget")].some((style) => style.textContent === css)) return;
    const style = document.createElement("style");
    style.className = "anywidget";
    style.textContent = css;
    document.head.append(style);
  }

  /* The setting of an explorer is in the address: what the reader moved, by its name, and the section where the explorer
     stands, so that the address can be sent. The names of a second explorer on a page begin with "2." */
  function address(root, model, before) {
    const { choices, sliders } = model.get("spec"), start = model.get("values"), asked = new URLSearchParams(location.search);
    const section = root.closest("[id].section, section[id]:not(.explorer)")?.id;
    for (const { name, options } of choices) {
      const option = asked.get(before + name);
      if (options.some(([known]) => known === option)) root.move(name, option);
    }
    for (const { name, stops } of sliders) {
      const text = asked.get(before + name)?.trim(), x = text ? Number(text) : NaN, off = (stop) => Math.abs(stop - x);
      if (x >= stops[0] && x <= stops.at(-1)) root.move(name, stops.reduce((best, stop) => (off(stop) < off(best) ? stop : best)));
    }

    function setting() {
      const query = new URLSearchParams(location.search);
      const put = (name, value, first) => {
        if (value === null || value === first) query.delete(before + name);
        else query.set(before + name, typeof value === "number" ? Number(value.toPrecision(4)) : value);
      };
      const wishes = model.get("wishes"), opening = model.get("opening"), values = model.get("values");
      for (const { name } of choices) put(name, wishes[name], opening[name]); // what was asked: a chip may have closed it
      for (const { name } of sliders) put(name, values[name], start[name]);
      return `${location.pathname}${`${query}` && `?${query}`}${section ? `#${section}` : location.hash}`;
    }
    model.on("change:values", () => {
      try { history.replaceState(history.state, "", setting()); } catch { /* a browser may refuse where a page is read from a disk */ }
    });

    const button = document.createElement("button"), words = "Copy link";
    Object.assign(button, { type: "button", className: "copy", textContent: words, ariaLive: "polite", title: "Copies an address that opens the explorer as it stands now" });
    button.dataset.lmSuppressShortcuts = "true";
    button.addEventListener("click", async () => {
      const copied = await navigator.clipboard?.writeText(new URL(setting(), location.href).href).then(() => true, () => false);
      button.textContent = copied ? "Copied" : "Not copied"; // which a browser may forbid; the address is in its own line
      setTimeout(() => { button.textContent = words; }, 2000);
    });
    root.querySelector(".title").classList.add("linked");
    root.querySelector(".reset").before(button);
  }

  async function hydrate() {
    const models = {};
    gather();
    for (const view of document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')) {
      const id = JSON.parse(view.textContent).model_id, found = states[id];
      if (found?.model_module !== "anywidget") continue;
      try {
        const el = document.createElement("div"), widget = await load(found.state._esm);
        dress(found.state._css);
        if (!models[id]) {
          models[id] = modelOf(found.state);
          await widget.initialize?.({ model: models[id] });
        }
        await widget.render({ model: models[id], el });
        const nth = document.querySelectorAll(".explorer").length + 1, root = el.querySelector(".explorer");
        view.replaceWith(el);
        if (root?.move) address(root, models[id], nth > 1 ? `${nth}.` : "");
      } catch (error) {
        console.error(`widget ${id}:`, error); // the others on the page still come to life
      }
    }
    document.documentElement.dataset.hydrated = "";
  }

  if (document.readyState === "loading") {
    document.addEventListener("readystatechange", hydrate, { once: true });
    gather();
    for (const { model_module: kind, state } of Object.values(states)) if (kind === "anywidget") load(state._esm).catch(() => {}); // told of below
  } else hydrate();
})();
