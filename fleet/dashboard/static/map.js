// Keeps the tiles up to date, and lets arrow keys walk among them.
import { put, renew, watch } from "./live.js";

const fleet = document.getElementById("fleet");
const EVERY_MS = 5000;
let now = Number(fleet.dataset.now);

function spaced(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function show([id, level, symbol, label]) {
  const tile = document.querySelector(`#tiles [data-id="${CSS.escape(id)}"]`);
  if (!tile) return;
  tile.className = `tile s-${level}`;
  put(tile.querySelector(".symbol"), symbol);
  tile.title = label;
  tile.setAttribute("aria-label", label);
}

function where() {
  const url = new URL(fleet.dataset.live, location.href);
  url.searchParams.set("since", now);
  url.searchParams.set("ids", fleet.dataset.ids);
  return url;
}

watch(where, EVERY_MS, async (news) => {
  for (const [name, count] of Object.entries(news.counts)) put(document.querySelector(`[data-count="${name}"]`), spaced(count));
  put(document.getElementById("all"), spaced(news.all));
  put(document.getElementById("at"), news.at);
  const tiles = document.getElementById("tiles");
  if (!news.moved && (tiles || !news.tiles.length)) {
    news.tiles.forEach(show);
    now = news.now;
    return;
  }
  const fresh = await renew();
  document.getElementById("moved").hidden = Boolean(fresh);
  if (!fresh) return;
  fleet.dataset.ids = fresh.getElementById("fleet").dataset.ids;
  now = Number(fresh.getElementById("fleet").dataset.now);
  oneStop();
});

// One stop of the Tab key for all tiles; arrows, Home and End move within.
function oneStop() {
  const all = [...document.querySelectorAll("#tiles .tile")];
  const stop = all.includes(document.activeElement) ? document.activeElement : all[0];
  all.forEach((tile) => { tile.tabIndex = tile === stop ? 0 : -1; });
  const keys = document.getElementById("keys");
  if (keys) keys.hidden = false;
}

function walk(event) {
  const all = [...document.querySelectorAll("#tiles .tile")];
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

fleet.addEventListener("keydown", walk);
oneStop();
