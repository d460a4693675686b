// A voice note: play, seek, speed. The browser's own <audio> does the playing.

import { icon, make } from "./dom.js";
import { lengthOf } from "./words.js";

const SPEEDS = [1, 1.25, 1.5, 2];

let playing = null; // one voice at a time, as everywhere

export function player(voice) {
  const audio = make("audio", { src: `file/${encodeURIComponent(voice.id)}`, preload: "metadata" });
  const button = make("button", { type: "button", class: "play" });
  const place = make("input", { type: "range", class: "seek", min: "0", max: "1", step: "any", value: "0", "aria-label": "Position" });
  const clock = make("span", { class: "voice-time" });
  const speed = make("button", { type: "button", class: "speed", title: "Speed" });
  let rate = 0;

  const length = () => (Number.isFinite(audio.duration) ? audio.duration : voice.seconds || 0);
  const show = () => {
    const at = audio.currentTime;
    place.value = String(length() ? Math.min(1, at / length()) : 0);
    place.style.setProperty("--played", `${Number(place.value) * 100}%`);
    place.setAttribute("aria-valuetext", `${lengthOf(at)} of ${lengthOf(length())}`);
    clock.textContent = lengthOf(at > 0 ? at : length());
  };
  const showState = () => {
    const on = !audio.paused && !audio.ended;
    button.replaceChildren(icon(on ? "pause" : "play"));
    button.setAttribute("aria-label", on ? "Pause" : `Play${voice.title ? `: ${voice.title}` : " the voice note"}`);
  };

  button.addEventListener("click", () => {
    if (!audio.paused) return audio.pause();
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    return audio.play().catch(() => fail());
  });
  place.addEventListener("input", () => {
    audio.currentTime = Number(place.value) * length();
    show();
  });
  speed.addEventListener("click", () => setSpeed((rate + 1) % SPEEDS.length));
  for (const kind of ["play", "pause", "ended"]) audio.addEventListener(kind, showState);
  for (const kind of ["timeupdate", "loadedmetadata", "durationchange"]) audio.addEventListener(kind, show);
  audio.addEventListener("error", () => fail());

  function setSpeed(index) {
    rate = index;
    audio.playbackRate = SPEEDS[rate];
    speed.textContent = `${SPEEDS[rate]}×`;
    speed.setAttribute("aria-label", `Speed ${SPEEDS[rate]}`);
  }
  function fail() {
    clock.textContent = "This voice note cannot be played here";
    button.disabled = true;
  }

  setSpeed(0);
  showState();
  show();
  return make("div", { class: "voice", role: "group", "aria-label": "Voice note" }, button, place, clock, speed, audio);
}
