// The virtual terminal's page: sends what a person does, draws what the board tells.
import { bars } from "/page/barcode.js";
import { Sounds } from "/page/sound.js";

const $ = (id) => document.getElementById(id);
const sounds = new Sounds();
let words = {};
let lang = localStorage.getItem("lang");
let state = null;

// --- asking the emulator ---

async function ask(path, body) {
  const options = { headers: { "Accept-Language": lang ?? navigator.language } };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    toast(say("page__connection_lost"));
    return null;
  }
  if (answer.ok) return answer;
  const refused = await answer.json().catch(() => ({ error: `${answer.status}`, what_to_do: "" }));
  toast(refused.error, [refused.what_to_do, ...(refused.reasons ?? [])].filter(Boolean).join(" · "));
  return null;
}

const json = async (path, body) => (await ask(path, body))?.json() ?? null;

// What a person does reaches the terminal in the order it was done. The page says how much is still on its way.
let line = Promise.resolve();
let underway = 0;
function inOrder(path, body) {
  document.body.dataset.underway = ++underway;
  line = line.then(() => ask(path, body)).finally(() => { document.body.dataset.underway = --underway; });
  return line;
}

// --- words ---

function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

async function speak(wanted) {
  lang = wanted;
  localStorage.setItem("lang", lang);
  words = (await json(`/api/texts/${lang}`)) ?? {};
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = say("page__title");
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", button.dataset.lang === lang);
  $("scan-text").placeholder = say("page__scan_placeholder");
  drawKeys();
  drawMute();
  drawTroubleRows();
  await drawSamples();
  if (state) drawAll();
}

// --- LCD ---

const lcd = { busy: false, dirty: false };
async function drawLcd() {
  if (lcd.busy) {
    lcd.dirty = true;
    return;
  }
  lcd.busy = true;
  do {
    lcd.dirty = false;
    const answer = await fetch("/api/screen.png?settle=no").catch(() => null);
    if (!answer?.ok) break;
    const picture = await createImageBitmap(await answer.blob());
    $("lcd").getContext("2d").drawImage(picture, 0, 0);
  } while (lcd.dirty);
  lcd.busy = false;
  readLcd();
}

let reading = 0;
function readLcd() {
  clearTimeout(reading);
  reading = setTimeout(async () => {
    const answer = await fetch("/api/screen?settle=no").catch(() => null);
    const screen = answer?.ok ? await answer.json() : null;
    $("lcd").setAttribute("aria-label", screen ? [screen.title, ...screen.lines, ...screen.hints].join("\n") : "");
  }, 250);
}

// --- keypad ---

const KEYS = [
  ["F1", "soft"], ["1"], ["2", "", "ABC"], ["3", "", "DEF"], ["CANCEL", "cancel"],
  ["F2", "soft"], ["4", "", "GHI"], ["5", "", "JKL"], ["6", "", "MNO"], ["CLEAR", "clear"],
  ["UP", "soft"], ["7", "", "PQRS"], ["8", "", "TUV"], ["9", "", "WXYZ"], ["MENU", "soft"],
  ["DOWN", "soft"], ["*"], ["0"], ["#"], ["OK", "ok"],
];
const PC_KEYS = { Enter: "OK", Escape: "CANCEL", Backspace: "CLEAR", Delete: "CLEAR", ArrowUp: "UP", ArrowDown: "DOWN",
  m: "MENU", M: "MENU", F1: "F1", F2: "F2", "*": "*", "#": "#", ".": "*" };
const held = new Map();

function drawKeys() {
  $("keys").replaceChildren(...KEYS.map(([key, kind, letters]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.className = kind ?? "";
    const cap = words[`key__${key}`] ?? key;
    button.append(cap);
    // the LCD names keys as the API does, so a key that is captioned otherwise carries that name too
    const under = letters ?? (cap === key ? "" : key);
    if (under) {
      const small = document.createElement("small");
      small.textContent = under;
      button.append(small);
    }
    return button;
  }));
}

function keyDown(key, by) {
  if (held.has(by)) return;
  held.set(by, key);
  $("keys").querySelector(`[data-key="${CSS.escape(key)}"]`)?.classList.add("down");
  inOrder("/api/key", { key, down: true });
}

function keyUp(by) {
  const key = held.get(by);
  if (key === undefined) return;
  held.delete(by);
  $("keys").querySelector(`[data-key="${CSS.escape(key)}"]`)?.classList.remove("down");
  inOrder("/api/key", { key, down: false });
}

$("keys").addEventListener("pointerdown", (event) => {
  const button = event.target.closest("[data-key]");
  if (!button || event.button !== 0) return;
  event.preventDefault();
  button.setPointerCapture(event.pointerId);
  keyDown(button.dataset.key, `pointer ${event.pointerId}`);
});
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
  $("keys").addEventListener(end, (event) => keyUp(`pointer ${event.pointerId}`));
}
const typing = (event) => event.target.closest?.("input, select, textarea, dialog");
addEventListener("keydown", (event) => {
  const key = /^\d$/.test(event.key) ? event.key : PC_KEYS[event.key];
  const onButton = event.key === "Enter" && event.target.closest?.("button, a") && !event.target.closest("#keys");
  if (!key || typing(event) || onButton || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  if (!event.repeat) keyDown(key, `code ${event.code}`);
});
addEventListener("keyup", (event) => keyUp(`code ${event.code}`));
addEventListener("blur", () => { for (const by of [...held.keys()]) keyUp(by); });

// --- scanner and samples ---

function scan(what) {
  return inOrder("/api/scan?timeout_ms=5000", what);
}
$("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("scan-text").value;
  if (!text) return;
  scan({ text, via: new FormData(event.target).get("via") });
  $("scan-text").select();
});

async function drawSamples() {
  const groups = (await json(`/api/samples?lang=${lang}`))?.groups ?? [];
  $("samples").replaceChildren(...groups.flatMap((group) => {
    const title = document.createElement("h3");
    title.textContent = say(`page__samples_${group.name}`);
    const cards = document.createElement("div");
    cards.className = "cards";
    cards.append(...group.samples.map(card));
    return [title, cards];
  }));
}

// A payment code is good once: its last digits are others at every click.
function freshened({ scan: { text }, fresh }) {
  const digits = Array.from({ length: fresh }, () => Math.floor(Math.random() * 10)).join("");
  return text.slice(0, text.length - fresh) + digits;
}

function card(sample) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "card";
  button.title = `${sample.name}\n${sample.shown}`;
  const name = document.createElement("span");
  name.textContent = sample.name;
  button.append(name);
  if (sample.price) {
    const price = document.createElement("em");
    const sum = document.createElement("b");
    sum.textContent = sample.price;
    price.append(sum);
    button.append(price);
  }
  const drawn = bars(sample.shown);
  if (drawn) button.append(drawn);
  const code = document.createElement("code");
  code.textContent = sample.shown;
  button.append(code);
  button.addEventListener("click", () => scan({ ...sample.scan, text: freshened(sample) }));
  return button;
}

// --- printers and their paper ---

class Unit {
  constructor(number) {
    this.number = number;
    this.mark = number ? String(number + 1) : ""; // of the ids of what belongs to it
    this.figures = new Map();
    this.taken = 0;
    this.at("paper-clear").addEventListener("click", () => this.take());
  }

  at(name) {
    return $(`${name}${this.mark}`);
  }

  draw(slips) {
    const here = slips.filter((slip) => slip.number > this.taken);
    this.at("paper-empty").hidden = here.length > 0;
    this.at("unit").classList.toggle("used", here.length > 0);
    for (const [number, figure] of this.figures) {
      if (!here.some((slip) => slip.number === number)) {
        figure.remove();
        this.figures.delete(number);
      }
    }
    const last = here.at(-1)?.number;
    for (const slip of here) {
      const figure = this.figures.get(slip.number) ?? this.hang(slip.number);
      const settled = figure.dataset.state === slip.state && slip.state !== "printing";
      figure.dataset.state = slip.state;
      figure.querySelector("figcaption").textContent =
        `${say("page__slip", { number: slip.number })} · ${say(`page__slip_${slip.state}`)}`;
      if (!settled || (slip.number === last && slip.state === "printing")) this.renew(figure, slip.number);
    }
  }

  hang(number) {
    const figure = document.createElement("figure");
    const picture = document.createElement("img");
    picture.alt = say("page__slip", { number });
    const caption = document.createElement("figcaption");
    caption.className = "pill";
    figure.append(picture, caption);
    figure.addEventListener("click", () => {
      $("big-slip").src = picture.src;
      $("big").showModal();
    });
    this.figures.set(number, figure);
    this.at("slips").append(figure);
    return figure;
  }

  async renew(figure, number) {
    if (figure.busy) {
      figure.again = true;
      return;
    }
    figure.busy = true;
    const shown = figure.dataset.state;
    const answer = await fetch(`/api/paper.png?printer=${this.number}&slip=${number}&settle=no`).catch(() => null);
    if (answer?.ok) {
      const picture = figure.querySelector("img");
      const old = picture.src;
      picture.src = URL.createObjectURL(await answer.blob());
      await picture.decode().catch(() => {});
      if (old) URL.revokeObjectURL(old);
      figure.dataset.drawn = shown;
      this.showEnd();
    }
    figure.busy = false;
    if (figure.again) {
      figure.again = false;
      this.renew(figure, number);
    }
  }

  showEnd() {
    this.at("paper").scrollTop = this.at("paper").scrollHeight;
  }

  take() {
    this.taken = Math.max(this.taken, ...state.papers[this.number].map((slip) => slip.number), 0);
    drawPaper();
  }

  drawTrouble(name) {
    this.at("printer-state").textContent = say(`value__${name}`);
    this.at("printer-state").dataset.bad = name !== "ok";
    this.at("printer-led").dataset.colour = { ok: "green", slow: "green", paper_low: "amber", unplugged: "off" }[name] ?? "red";
  }
}

const units = [new Unit(0)];
// A second printer is made from the first, while that one is still bare: its ids carry a 2.
const bare = $("unit").cloneNode(true);
function unpackSecond() {
  for (const part of [bare, ...bare.querySelectorAll("[id]")]) part.id += "2";
  $("unit").after(bare);
  $("printer-title").dataset.text = "page__printer1";
  $("printer-title2").dataset.text = "page__printer2";
  for (const place of document.querySelectorAll(".unit [data-text]")) place.textContent = say(place.dataset.text);
  units.push(new Unit(1));
  drawTroubleRows();
}

function drawPaper() {
  if (state.papers.length > units.length) unpackSecond();
  for (const unit of units) unit.draw(state.papers[unit.number]);
  for (const unit of units) unit.showEnd(); // one that takes its half has made the other's paper shorter
}

$("big").addEventListener("click", (event) => event.target === $("big") && $("big").close());

// --- drawer, lamp, power ---

function drawDrawer() {
  $("drawer").dataset.open = state.drawer.open;
  $("drawer-state").textContent = say(state.drawer.open ? "page__drawer_open" : "page__drawer_shut");
  $("drawer-close").tabIndex = state.drawer.open ? 0 : -1;
}
const closeDrawer = () => inOrder("/api/drawer?timeout_ms=5000", { action: "close" });
$("drawer-close").addEventListener("click", closeDrawer);

function drawPower() {
  $("power-state").dataset.power = state.power ? "on" : "off";
  $("power-state").textContent = `${say("page__power")} ${say(state.power ? "page__power_is_on" : "page__power_is_off")}`;
  $("lamp").dataset.colour = state.lamp;
}

function drawMute() {
  $("mute").textContent = say(sounds.muted ? "page__sound_off" : "page__sound_on");
  $("mute").setAttribute("aria-pressed", sounds.muted);
}
$("mute").addEventListener("click", () => {
  sounds.mute(!sounds.muted);
  drawMute();
});

let sounding = 0;
function sound(name, volume) {
  sounds.play(name, volume);
  const speaker = document.querySelector(".speaker");
  speaker.classList.add("sounding");
  clearTimeout(sounding);
  sounding = setTimeout(() => speaker.classList.remove("sounding"), 220);
}

// --- troubles ---

const PRINTER_TROUBLES = ["ok", "paper_out", "paper_low", "cover_open", "offline", "unplugged", "slow", "silent"];
const TROUBLES = [
  ["printer", PRINTER_TROUBLES],
  ["printer2", PRINTER_TROUBLES],
  ["link", ["up", "down", "slow", "lossy", "half_open"]],
  ["network", ["wifi", "mobile", "weak", "sim", "wifi_key", "none"]],
  ["broker", ["up", "down"]],
  ["drawer", ["ok", "stuck", "forced", "absent"]],
  ["keypad", ["ok", "unplugged"]],
  ["scanner", ["ok", "unplugged"]],
  ["disk", ["ok", "full", "read_only"]],
];
const GOOD = new Set(["ok", "up", "wifi", "mobile"]);
const HOUR = 3600;
const OFFSETS = [["0", 0], ["+5 min", 300], ["+1 h", HOUR], ["−1 h", -HOUR], ["+1 d", 24 * HOUR], ["−3 y", -26280 * HOUR], ["+20 y", 175200 * HOUR]];

function choices(name, values, label) {
  const group = document.createElement("div");
  group.className = "choices";
  group.append(...values.map((value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.trouble = name;
    button.dataset.value = value;
    button.textContent = label(value);
    if (!GOOD.has(value) && value !== 0) button.className = "bad";
    return button;
  }));
  return group;
}

function troubleRow(name, ...inside) {
  const row = document.createElement("div");
  row.className = "trouble";
  row.dataset.name = name;
  const title = document.createElement("h3");
  const key = name === "printer" && units.length > 1 ? "page__printer1" : `trouble__${name}`;
  title.append(say(key), document.createElement("small"));
  row.append(title, ...inside);
  return row;
}

function drawTroubleRows() {
  const here = TROUBLES.filter(([name]) => name !== "printer2" || units.length > 1);
  const rows = here.map(([name, values]) => troubleRow(name, choices(name, values, (value) => say(`value__${value}`))));
  const label = (seconds) => OFFSETS.find(([, value]) => value === seconds)[0];
  rows.push(troubleRow("clock_offset_s", choices("clock_offset_s", OFFSETS.map(([, value]) => value), label)));
  rows.push(troubleRow("battery", batterySlider()));
  $("trouble-rows").replaceChildren(...rows);
  if (state) drawTroubles();
}

function batterySlider() {
  const row = document.createElement("div");
  row.className = "row";
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: 100, id: "battery" });
  slider.setAttribute("aria-label", say("trouble__battery"));
  const shown = document.createElement("output");
  slider.addEventListener("input", () => { shown.value = `${slider.value} %`; });
  slider.addEventListener("change", () => trouble("battery", Number(slider.value)));
  row.append(slider, shown);
  return row;
}

function trouble(name, value) {
  return inOrder("/api/trouble?timeout_ms=8000", { [name]: value });
}
$("troubles").addEventListener("click", (event) => {
  const button = event.target.closest("[data-trouble]");
  if (!button) return;
  const { trouble: name, value } = button.dataset;
  trouble(name, name === "clock_offset_s" ? Number(value) : value);
});

function drawTroubles() {
  const now = state.troubles;
  for (const button of document.querySelectorAll("#trouble-rows [data-trouble]")) {
    const { trouble: name, value } = button.dataset;
    button.setAttribute("aria-pressed", String(now[name]) === value);
    button.disabled = now.available[name] === false;
  }
  for (const row of document.querySelectorAll("#trouble-rows .trouble")) {
    row.querySelector("small").textContent = now.available[row.dataset.name] === false ? say("page__unavailable") : "";
  }
  $("battery").value = now.battery;
  $("battery").dispatchEvent(new Event("input"));
  for (const unit of units) unit.drawTrouble(now[`printer${unit.mark}`]);
}

// --- log ---

function logLine(entry) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date(entry.at * 1000).toLocaleTimeString("en-GB");
  const text = document.createElement("span");
  const args = { ...entry.args };
  if (entry.key === "log__trouble") {
    args.value = words[`value__${args.value}`] ?? args.value;
    args.what = say(`trouble__${args.what}`);
  }
  text.textContent = say(entry.key, args);
  item.append(time, text);
  return item;
}

function toast(text, more = "") {
  const box = document.createElement("div");
  box.className = "toast";
  box.append(text);
  if (more) {
    const rest = document.createElement("p");
    rest.textContent = more;
    box.append(rest);
  }
  $("toasts").append(box);
  while ($("toasts").children.length > 4) $("toasts").firstChild.remove();
  setTimeout(() => box.remove(), 8000);
}

// --- tabs ---

function openTab(name) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const mine = tab.getAttribute("aria-controls") === name;
    tab.setAttribute("aria-selected", mine);
    $(tab.getAttribute("aria-controls")).hidden = !mine;
  }
}
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => openTab(tab.getAttribute("aria-controls")));
}
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => speak(button.dataset.lang));
}

// --- the stream ---

function drawDashboard() {
  const link = $("dashboard");
  link.hidden = !/^https?:\/\//.test(state.dashboard ?? "");
  if (!link.hidden) link.href = state.dashboard;
}

function drawAll() {
  drawDashboard();
  drawDrawer();
  drawPower();
  drawPaper();
  drawTroubles();
  $("log-lines").replaceChildren(...state.log.map(logLine).reverse());
  drawLcd();
}

async function lookAtEverything() {
  const fresh = await json("/api/state");
  if (!fresh) return;
  state = fresh;
  if (!lang) await speak(state.lang);
  else drawAll();
}

const HAPPENINGS = {
  hello: lookAtEverything,
  fallen: lookAtEverything,
  lcd: drawLcd,
  tone: ({ name, volume }) => sound(name, volume),
  lamp: ({ colour }) => { state.lamp = colour; drawPower(); },
  power: ({ on }) => { state.power = on; drawPower(); },
  drawer: ({ open }) => {
    state.drawer.open = open;
    if (open) sounds.drawer();
    drawDrawer();
  },
  paper: ({ printer, slips }) => { state.papers[printer] = slips; drawPaper(); },
  trouble: async () => { state.troubles = (await json("/api/trouble")) ?? state.troubles; drawTroubles(); },
  log: ({ entry }) => {
    state.log.push(entry);
    $("log-lines").prepend(logLine(entry));
    while ($("log-lines").children.length > 500) $("log-lines").lastChild.remove();
  },
};

openTab("goods");
if (lang) await speak(lang);
const stream = new EventSource("/api/events");
stream.addEventListener("message", (message) => {
  const happening = JSON.parse(message.data);
  if (state || happening.type === "hello") HAPPENINGS[happening.type]?.(happening);
});
stream.addEventListener("error", () => {
  if (state) {
    state.power = false;
    drawPower();
  }
});
