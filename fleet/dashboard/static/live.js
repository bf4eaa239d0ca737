// What the pages that keep themselves up to date have in common: looking again and again, saying so when nobody answers, and
// putting in what has changed without taking focus, typed or selected text away. Without scripts every page is whole, only still.
const WAIT_MS = 10_000;
const stale = document.getElementById("stale");
let at = stale.dataset.at;

// Ask `url()` every so often; `show(news)` returns false when there is nothing to wait for any more.
export function watch(url, everyMs, show) {
  let timer = 0;
  const again = () => { timer = setTimeout(look, everyMs); };
  async function look() {
    timer = 0;
    if (document.hidden) return;
    try {
      const answer = await fetch(url(), { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(WAIT_MS) });
      if (answer.status === 401) {
        // not by itself to the sign-in form: what is being typed would be lost
        document.getElementById("out").hidden = false;
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const news = await answer.json();
      const more = await show(news);
      at = news.at || at;
      stale.hidden = true;
      if (more === false) return;
    } catch {
      stale.textContent = stale.dataset.words.replace("{at}", at);
      stale.hidden = false;
    }
    again();
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && timer === 0 && document.getElementById("out").hidden) look(); });
  again();
}

export function put(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

// This page as the server draws it now. The browser parses it; no text is ever taken for markup here.
function page() {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search);
    request.responseType = "document";
    request.timeout = WAIT_MS;
    request.onload = () => (request.status === 200 && request.responseXML ? done(request.responseXML) : failed(new Error(request.status)));
    request.onerror = request.ontimeout = () => failed(new Error("no answer"));
    request.send();
  });
}

// What is the same in `part` as `node` was: by its attributes, a summary by its words.
function sameAs(node, part) {
  const one = ["id", "data-id", "href"].find((name) => node.hasAttribute(name));
  const named = one ? [one] : ["name", "value", "aria-labelledby", "aria-label"].filter((name) => node.hasAttribute(name));
  const selector = node.localName + named.map((name) => `[${name}="${CSS.escape(node.getAttribute(name))}"]`).join("");
  return [...part.querySelectorAll(selector)].find((other) => named.length || other.textContent === node.textContent);
}

// Somebody types there, or has marked text to copy it.
function isInUse(part) {
  const chosen = getSelection();
  if (chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode)) return true;
  return [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((field) =>
    field === document.activeElement || (field.value !== field.defaultValue && field.defaultValue !== undefined));
}

function swap(part, fresh) {
  const open = new Set([...part.querySelectorAll("details[open] > summary")].map((node) => node.textContent));
  const scrolled = [...part.querySelectorAll(".wide, .long")].map((node) => [node.scrollLeft, node.scrollTop]);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  part.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  for (const node of part.querySelectorAll("details > summary")) node.parentElement.open = open.has(node.textContent);
  [...part.querySelectorAll(".wide, .long")].forEach((node, place) => { [node.scrollLeft, node.scrollTop] = scrolled[place] || [0, 0]; });
  if (focused) sameAs(focused, part)?.focus({ preventScroll: true });
}

// Put the parts of the page in that have changed; the fresh page, or null when a part is in use and has to wait.
export async function renew() {
  const fresh = await page();
  let waits = false;
  for (const part of document.querySelectorAll("[data-part]")) {
    const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!other || part.isEqualNode(other)) continue;
    if (isInUse(part)) waits = true;
    else swap(part, other);
  }
  return waits ? null : fresh;
}
