// Words of the glossary: hover, focus or tap one to read what it means. The page holds the meanings of its words once, as
// JSON; tools/glosses.py writes them.
(() => {
  const data = document.getElementById("terms");
  if (!data) return;
  const meanings = JSON.parse(data.textContent);
  const name = (link) => decodeURIComponent(link.hash.slice(1));
  const links = [...document.querySelectorAll(".bd-article a.reference.term")];
  cards(links.filter((link) => meanings[name(link)]), {
    told: (link) => `${meanings[name(link)]}<p class="number-name"><a href="${link.getAttribute("href")}">In the glossary</a></p>`,
    label: (link) => `What ${link.textContent} means`,
    button: false,
  });
})();
