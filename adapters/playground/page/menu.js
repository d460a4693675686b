// The menu of one message: reactions in a row, then what can be done with it.

import { byId, icon, make } from "./dom.js";
import { emojiOf } from "./message.js";
import { plain } from "./room.js";

const EMOJI = ["👍", "👎", "❤", "🎉", "😁", "🤔", "🔥", "👏"]; // all of them Telegram and Slack know

export class Menu {
  #opener = null;

  constructor(room, hands) {
    Object.assign(this, { room, hands });
    this.element = byId("menu");
    this.element.addEventListener("keydown", (event) => this.#walk(event));
    this.element.addEventListener("toggle", ({ newState }) => {
      if (newState === "closed") this.#closed();
    });
  }

  get isOpen() {
    return this.element.matches(":popover-open");
  }

  /** Open beside `anchor`, for what `person` may do with the message. */
  open(message, anchor, person) {
    this.#opener = document.activeElement;
    this.element.replaceChildren(this.#emoji(message, person), ...this.#actions(message, person));
    this.element.showPopover();
    this.#place(anchor.getBoundingClientRect());
    this.element.querySelector("button").focus();
  }

  #emoji(message, person) {
    const buttons = (this.room.reactions ?? EMOJI).map((emoji) => {
      const people = Object.entries(message.reactions ?? {}).find(([key]) => plain(key) === plain(emoji))?.[1] ?? [];
      const on = people.includes(person);
      const react = () => this.hands.react(message, plain(emoji), !on);
      return make("button", { type: "button", role: "menuitemcheckbox", "aria-checked": String(on), class: "emoji", onclick: () => this.#do(react) }, emojiOf(emoji));
    });
    return make("div", { class: "emoji-row", role: "group", "aria-label": "React" }, ...buttons);
  }

  #actions(message, person) {
    const own = message.author === person;
    const rows = [["reply", "Reply", () => this.hands.reply(message)]];
    if (message.text) rows.push(["copy", "Copy text", () => this.hands.copy(message)]);
    if (own && message.text) rows.push(["pencil", "Edit", () => this.hands.edit(message)]);
    if (own) rows.push(["bin", "Delete", () => this.hands.remove(message)]);
    return rows.map(([drawing, label, act]) =>
      make("button", { type: "button", role: "menuitem", class: drawing === "bin" ? "danger" : null, onclick: () => this.#do(act) }, icon(drawing), label),
    );
  }

  #do(act) {
    this.element.hidePopover();
    act();
  }

  #place(anchor) {
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.max(8, Math.min(anchor.left, innerWidth - width - 8));
    const below = anchor.bottom + 6;
    const top = below + height < innerHeight ? below : Math.max(8, anchor.top - height - 6);
    this.element.style.setProperty("left", `${left}px`);
    this.element.style.setProperty("top", `${Math.min(top, innerHeight - height - 8)}px`);
  }

  #walk(event) {
    const buttons = [...this.element.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const row = this.element.querySelectorAll(".emoji").length;
    const inRow = at < row;
    const to = {
      ArrowRight: inRow ? (at + 1) % row : at,
      ArrowLeft: inRow ? (at - 1 + row) % row : at,
      ArrowDown: inRow ? row : Math.min(at + 1, buttons.length - 1),
      ArrowUp: inRow ? at : at === row ? 0 : at - 1,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (event.key === "Tab") this.element.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    buttons[to].focus();
  }

  #closed() {
    // Only where the choice itself did not move the focus on.
    const lost = document.activeElement === document.body || this.element.contains(document.activeElement);
    if (lost && this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
  }
}
