/* Brings anywidgets on a static page to life: no kernel, no widget manager, no request.
   A page holds the state of all its widgets once, and a view (a model id) where each stands; the state of an anywidget
   holds its module and style as text. Widgets of other kinds, which need a kernel, are left alone.
   The page loads this script beside its text: modules are made ready while the text is still coming, and widgets come to
   life as soon as it is there, before the scripts that wait for it. */

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
        view.replaceWith(el);
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
