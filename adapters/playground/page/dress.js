// The app's own title, icon and colour; the colour only where it can be read.

import { byId, make } from "./dom.js";
import { initialOf } from "./words.js";

const READABLE = 4.5; // WCAG AA for text
const LIGHT = [233, 236, 242]; // the darkest light and the lightest dark ground text stands on, as in page.css
const DARK = [42, 46, 56];
const WHITE = [255, 255, 255];
const BLACK = [17, 17, 20];

export function dress(app) {
  const title = app.title || "Parley";
  document.title = title;
  byId("app-title").textContent = title;
  byId("app-icon").replaceChildren(face(app, title));
  byId("tab-icon").href = tabIcon(app, title);
  const style = document.documentElement.style;
  const accent = parsed(app.color);
  const ground = parsed(app.icon_background);
  const colors = {
    "--accent": accent,
    "--on-accent": accent && inkOn(accent),
    "--accent-light": accent && towards(accent, BLACK, LIGHT),
    "--accent-dark": accent && towards(accent, WHITE, DARK),
    "--icon-ground": ground,
    "--icon-ink": ground && inkOn(ground),
  };
  for (const [name, color] of Object.entries(colors)) {
    if (color) style.setProperty(name, css(color));
    else style.removeProperty(name);
  }
  document.documentElement.classList.toggle("inverted", Boolean(app.inverted));
}

/** The app said in full, for a chat in which nothing has been said yet. */
export function welcome(app, begin) {
  const title = app.title || "Parley";
  const legal = [app.disclaimer, app.copyright && `© ${app.copyright.replace(/^©\s*/, "")}`].filter(Boolean);
  return [
    make("div", { class: "welcome-icon" }, face(app, title)),
    make("h2", { dir: "auto" }, title),
    app.description ? make("p", { class: "description", dir: "auto" }, app.description) : null,
    make("button", { type: "button", class: "primary", onclick: begin }, "Start"),
    make("p", { class: "how" }, "Write below, drop a picture, or type / for commands."),
    ...legal.map((words) => make("p", { class: "legal", dir: "auto" }, words)),
    safeLink(app.privacy) ? make("p", { class: "legal" }, make("a", { href: app.privacy, target: "_blank", rel: "noopener noreferrer" }, "Privacy")) : null,
  ].filter(Boolean);
}

const safeLink = (address) => /^https?:\/\//i.test(address ?? "");

function face(app, title) {
  return make("span", { class: "face", "data-hue": "bot", "aria-hidden": "true" }, app.icon || initialOf(title));
}

function tabIcon(app, title) {
  const ground = parsed(app.icon_background) ?? parsed(app.color) ?? [15, 118, 110];
  const sign = (app.icon || initialOf(title)).replace(/[<>&"]/g, "");
  const drawing =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="16" fill="${css(ground)}"/>` +
    `<text x="32" y="34" font-size="38" text-anchor="middle" dominant-baseline="central" fill="${css(inkOn(ground))}" font-family="sans-serif">${sign}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(drawing)}`;
}

/** "#rgb" or "#rrggbb" as numbers; null for anything else. */
function parsed(color) {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color ?? "")?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
}

const css = (color) => `rgb(${color.map(Math.round).join(" ")})`;

// Relative luminance and contrast as WCAG 2 defines them.
function luminance(color) {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const inkOn = (ground) => (contrast(WHITE, ground) >= contrast(BLACK, ground) ? WHITE : BLACK);

/** The colour, moved towards `ink` until it can be read on `ground`. */
function towards(color, ink, ground) {
  for (let step = 0; step <= 20; step += 1) {
    const mixed = color.map((value, index) => value + ((ink[index] - value) * step) / 20);
    if (contrast(mixed, ground) >= READABLE + 0.3) return mixed;
  }
  return ink;
}
