// Moves the stages of an open roll-out along.
const rollout = document.getElementById("rollout");
const EVERY_MS = 3000;

async function look() {
  let open = true;
  if (!document.hidden) {
    try {
      const answer = await fetch(rollout.dataset.live, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return location.reload();
      if (answer.ok) {
        const now = await answer.json();
        if (now.gone) return undefined;
        open = now.open;
        document.getElementById("state").textContent = now.state;
        document.getElementById("percent").textContent = now.progress;
        document.getElementById("progress").value = now.progress;
        document.getElementById("verdict").textContent = now.verdict;
        document.getElementById("unreverted").textContent = now.unreverted;
        document.getElementById("unreverted").hidden = !now.unreverted;
        document.getElementById("changed").textContent = now.changed;
        [...document.getElementById("stages").children].forEach((stage, at) => { stage.dataset.stage = now.stages[at]; });
        for (const cell of rollout.querySelectorAll("[data-count]")) cell.textContent = now.counts[cell.dataset.count] || 0;
        document.getElementById("moved").hidden = now.stamp === rollout.dataset.stamp;
      }
    } catch {
      // the server is away for a moment: the next look tells
    }
  }
  if (open) setTimeout(look, EVERY_MS);
  return undefined;
}

setTimeout(look, EVERY_MS);
