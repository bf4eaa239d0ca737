// Keeps the tiles up to date, and lets arrow keys walk among them. Without it the page is whole, only still.
const fleet = document.getElementById("fleet");
const tiles = document.getElementById("tiles");
const EVERY_MS = 5000;
let now = Number(fleet.dataset.now);

function spaced(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function show([id, level, symbol, label]) {
  const tile = tiles && tiles.querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (!tile) return;
  tile.className = `tile s-${level}`;
  tile.textContent = symbol;
  tile.title = label;
  tile.setAttribute("aria-label", label);
}

async function look() {
  if (!document.hidden) {
    const url = new URL(fleet.dataset.live, location.href);
    url.searchParams.set("since", now);
    url.searchParams.set("ids", fleet.dataset.ids);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return location.reload();
      if (answer.ok) {
        const news = await answer.json();
        document.getElementById("moved").hidden = !news.moved;
        for (const [level, count] of Object.entries(news.counts)) {
          document.querySelector(`[data-count="${level}"]`).textContent = spaced(count);
        }
        document.getElementById("all").textContent = spaced(news.all);
        document.getElementById("at").textContent = news.at;
        news.tiles.forEach(show);
        if (!news.moved) now = news.now;
      }
    } catch {
      // the server is away for a moment: the next look tells
    }
  }
  setTimeout(look, EVERY_MS);
}

// One stop of the Tab key for all tiles; arrows, Home and End move within.
function walk(event) {
  const all = [...tiles.querySelectorAll(".tile")];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const next = all.findIndex((tile) => tile.offsetTop > all[0].offsetTop);
  const columns = next < 0 ? all.length : next;
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || !all[to]) return;
  event.preventDefault();
  all[at].tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
}

if (tiles) {
  const all = [...tiles.querySelectorAll(".tile")];
  all.forEach((tile, at) => { tile.tabIndex = at ? -1 : 0; });
  tiles.addEventListener("keydown", walk);
  document.getElementById("keys").hidden = false;
}
setTimeout(look, EVERY_MS);
