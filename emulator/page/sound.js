// The terminal's tones (domain 14.5) and the drawer's noise, by WebAudio.

const TONES = {
  click: [[1900, 0, 20, 0.04]],
  scan: [[2700, 0, 80, 0.12]],
  unknown: [[420, 0, 120, 0.16], [420, 180, 120, 0.16]],
  success: [[1047, 0, 110, 0.14], [1568, 120, 190, 0.14]],
  failure: [[260, 0, 150, 0.18], [260, 220, 150, 0.18], [260, 440, 150, 0.18]],
  attention: [[880, 0, 120, 0.14], [660, 150, 160, 0.14]],
  paper_out: [[1200, 0, 120, 0.14], [1200, 200, 120, 0.14]],
  reject: [[200, 0, 220, 0.18]],
};

const LOUDNESS = [0, 0.4, 1, 1.8];

export class Sounds {
  constructor() {
    this.muted = localStorage.getItem("muted") === "yes";
    this.context = null;
    // A browser lets a page sound only after a person has touched it.
    for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => this.wake(), { capture: true });
  }

  wake() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume();
  }

  mute(muted) {
    this.muted = muted;
    localStorage.setItem("muted", muted ? "yes" : "no");
  }

  // `loudness` is the terminal's setting, 1 to 3; 2 is what the table says.
  play(name, loudness = 2) {
    const out = this.ready();
    if (!out) return;
    for (const [hertz, after, length, volume] of TONES[name] ?? TONES.attention) {
      const source = out.createOscillator();
      source.type = hertz < 500 ? "sawtooth" : "square";
      source.frequency.value = hertz;
      this.shape(source, after / 1000, length / 1000, volume * LOUDNESS[loudness]);
    }
  }

  drawer() {
    const out = this.ready();
    if (!out) return;
    const noise = out.createBuffer(1, out.sampleRate * 0.25, out.sampleRate);
    const data = noise.getChannelData(0);
    for (let n = 0; n < data.length; n++) data[n] = (Math.random() * 2 - 1) * Math.exp(-n / (data.length / 9));
    const source = out.createBufferSource();
    source.buffer = noise;
    this.shape(source, 0, 0.25, 0.5);
  }

  ready() {
    return !this.muted && this.context?.state === "running" ? this.context : null;
  }

  shape(source, after, length, volume) {
    const begin = this.context.currentTime + after;
    const gain = this.context.createGain();
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(volume, begin + 0.004);
    gain.gain.setValueAtTime(volume, begin + Math.max(0.005, length - 0.008));
    gain.gain.linearRampToValueAtTime(0, begin + length);
    source.connect(gain).connect(this.context.destination);
    source.start(begin);
    source.stop(begin + length + 0.02);
  }
}
