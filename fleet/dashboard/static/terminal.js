// Keeps what a terminal is doing now up to date. Without it the page is whole, only still.
const terminal = document.getElementById("terminal");
const EVERY_MS = 4000;

function put(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(terminal.dataset.live, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return location.reload();
      if (answer.ok) {
        const now = await answer.json();
        if (!now.gone) {
          document.getElementById("level").className = `level s-${now.level}`;
          put(document.getElementById("symbol"), now.symbol);
          put(document.getElementById("link"), now.link);
          put(document.getElementById("marks"), now.marks);
          put(document.getElementById("lock"), now.lock);
          document.getElementById("lock").hidden = !now.lock;
          for (const [name, words] of Object.entries(now.facts)) {
            put(terminal.querySelector(`[data-fact="${name}"]`), words);
          }
          document.getElementById("moved").hidden = now.stamp === terminal.dataset.stamp;
        }
      }
    } catch {
      // the server is away for a moment: the next look tells
    }
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
