// Keeps one terminal's page up to date.
import { put, renew, watch } from "./live.js";

const terminal = document.getElementById("terminal");
const EVERY_MS = 4000;

watch(() => terminal.dataset.live, EVERY_MS, async (now) => {
  if (now.gone) return;
  document.getElementById("level").className = `level s-${now.level}`;
  put(document.getElementById("symbol"), now.symbol);
  put(document.getElementById("link"), now.link);
  put(document.getElementById("marks"), now.marks);
  put(document.getElementById("lock"), now.lock);
  document.getElementById("lock").hidden = !now.lock;
  for (const [name, words] of Object.entries(now.facts)) put(terminal.querySelector(`[data-fact="${name}"]`), words);
  if (now.stamp === terminal.dataset.stamp) return;
  const fresh = await renew();
  if (fresh) terminal.dataset.stamp = now.stamp;
  document.getElementById("moved").hidden = Boolean(fresh);
});
