// What somebody who cannot see, or has no mouse, would stumble over on a page: a list of words, empty when there is nothing.
() => {
  const seen = [];
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".hidden");
  const name = (node) => (node.getAttribute("aria-label") || (node.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join(" ").trim()
    || [...(node.labels || [])].map((label) => label.textContent).join(" ").trim() || node.textContent.trim() || node.value || node.title || "").trim();
  for (const node of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"))
    if (visible(node) && !name(node)) seen.push(`no name: ${node.outerHTML.slice(0, 120)}`);
  for (const node of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!node.labels.length && !node.getAttribute("aria-label")) seen.push(`no label: ${node.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => seen.push(`id twice: ${id}`));
  let level = 0;
  for (const node of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(node.tagName[1]);
    if (own > level + 1) seen.push(`heading jumps to ${node.tagName}: ${node.textContent}`);
    level = own;
  }
  if (document.querySelectorAll("h1").length !== 1) seen.push("not one h1");
  for (const what of ["main", "header", "a.skip", "html[lang]", "title"]) if (!document.querySelector(what)) seen.push(`no ${what}`);
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption) seen.push("table without caption");
    if (!table.querySelector("th[scope=col]")) seen.push("table without column headers");
  }
  for (const node of document.querySelectorAll("[aria-labelledby]"))
    for (const id of node.getAttribute("aria-labelledby").split(" ")) if (!document.getElementById(id)) seen.push(`nothing has the id ${id}`);
  for (const image of document.querySelectorAll("svg")) if (!image.getAttribute("aria-label") && image.getAttribute("aria-hidden") !== "true") seen.push("picture without words");
  if (document.documentElement.scrollWidth > innerWidth + 1) {
    const wide = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".wide, .slip, pre, .hidden"));
    seen.push(`wider than the screen: ${wide.slice(0, 4).map((node) => `${node.tagName}.${node.className}`).join(" ")}`);
  }
  return seen;
}
