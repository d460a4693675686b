// The frame around the talk: light or dark, and the side panels that are drawers on a small screen.

import { byId, icon } from "./dom.js";
import { keep, recall } from "./kept.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function listenForTheme() {
  const button = byId("theme");
  const current = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const show = () => {
    const other = current() === "dark" ? "light" : "dark";
    button.replaceChildren(icon(other === "dark" ? "moon" : "sun"));
    button.setAttribute("aria-label", `Switch to ${other}`);
    button.title = `Switch to ${other}`;
  };
  button.addEventListener("click", () => {
    const theme = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    // Chosen back to what the system says, the page follows the system again.
    const system = dark.matches ? "dark" : "light";
    keep("theme", theme === system ? null : theme);
    show();
  });
  dark.addEventListener("change", () => {
    if (recall("theme") === null) delete document.documentElement.dataset.theme;
    show();
  });
  show();
}

/** On a wide screen the right panel folds away; on a small one both are drawers over the talk. */
export function openDrawersOnDemand() {
  const drawers = [
    { button: byId("open-side"), mark: "side-open", drawer: byId("side") },
    { button: byId("open-panel"), mark: "panel-open", drawer: byId("panel") },
  ];
  const wide = matchMedia("(min-width: 1080px)");
  const show = () => {
    for (const { button, mark, drawer } of drawers) {
      const open = document.body.classList.contains(mark);
      button.setAttribute("aria-expanded", String(open));
      // A drawer that is shut is off the screen, and must be out of the keyboard's way too.
      drawer.inert = !open && getComputedStyle(drawer).position === "fixed";
    }
  };
  const set = (mark, open) => {
    document.body.classList.toggle(mark, open);
    if (wide.matches && mark === "panel-open") keep("panel", open);
    show();
  };
  const shut = () => drawers.forEach(({ mark }) => set(mark, false));
  for (const { button, mark, drawer } of drawers) {
    button.addEventListener("click", () => {
      const open = !document.body.classList.contains(mark);
      set(mark, open);
      if (open && getComputedStyle(drawer).position === "fixed") drawer.querySelector("button, input")?.focus();
    });
    drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || getComputedStyle(drawer).position !== "fixed") return;
      event.preventDefault();
      set(mark, false);
      button.focus();
    });
  }
  byId("veil").addEventListener("click", shut);
  wide.addEventListener("change", () => set("panel-open", wide.matches && recall("panel", true)));
  matchMedia("(min-width: 760px)").addEventListener("change", show);
  new MutationObserver(show).observe(document.body, { attributeFilter: ["class"] });
  set("panel-open", wide.matches && recall("panel", true));
}
