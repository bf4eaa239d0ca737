// Fills in digest and size of a chosen file, worked out here: the file itself is not sent. Without it they are typed.
async function fill(input) {
  const file = input.files[0];
  if (!file) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  document.getElementById(input.dataset.sha256).value = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  document.getElementById(input.dataset.size).value = file.size;
}

if (globalThis.crypto && crypto.subtle) {
  for (const input of document.querySelectorAll("input[type=file][data-sha256]")) {
    input.closest(".file").hidden = false;
    input.addEventListener("change", () => fill(input));
  }
}
