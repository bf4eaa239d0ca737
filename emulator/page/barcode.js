// EAN-13 and EAN-8 as bars, so that a sample looks like what a scanner sees. Other codes are drawn without bars.

const ODD = ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"];
const PARITY = ["OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE", "OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO"];
const inverted = (bits) => [...bits].map((bit) => (bit === "0" ? "1" : "0")).join("");
const right = (digit) => inverted(ODD[digit]);
const even = (digit) => [...right(digit)].reverse().join("");

function modules(code) {
  const digits = [...code].map(Number);
  if (/^\d{13}$/.test(code)) {
    const parity = PARITY[digits[0]];
    const left = digits.slice(1, 7).map((digit, n) => (parity[n] === "O" ? ODD[digit] : even(digit)));
    return `101${left.join("")}01010${digits.slice(7).map(right).join("")}101`;
  }
  if (/^\d{8}$/.test(code)) {
    const left = digits.slice(0, 4).map((digit) => ODD[digit]);
    return `101${left.join("")}01010${digits.slice(4).map(right).join("")}101`;
  }
  return "";
}

/** An <svg> of the code's bars, or null for a code that is no EAN. */
export function bars(code) {
  const bits = modules(code);
  if (!bits) return null;
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${bits.length} 10`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("shape-rendering", "crispEdges");
  for (const run of bits.matchAll(/1+/g)) {
    const bar = document.createElementNS(space, "rect");
    bar.setAttribute("x", run.index);
    bar.setAttribute("width", run[0].length);
    bar.setAttribute("height", 10);
    svg.append(bar);
  }
  return svg;
}
