// Moves the stages of an open roll-out along.
import { put, renew, watch } from "./live.js";

const rollout = document.getElementById("rollout");
const EVERY_MS = 3000;

watch(() => rollout.dataset.live, EVERY_MS, async (now) => {
  if (now.gone) return false;
  put(document.getElementById("state"), now.state);
  if (now.stamp !== rollout.dataset.stamp) {
    const fresh = await renew();
    if (fresh) rollout.dataset.stamp = now.stamp;
    document.getElementById("moved").hidden = Boolean(fresh);
    if (!fresh) return true;
  }
  return now.open;
});
