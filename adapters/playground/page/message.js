// One message on the screen. Only what changed is touched, so that nothing flickers as it grows.

import { copyText, icon, iconButton, make, morph, refill, rendered, wordsOf } from "./dom.js";
import { recall, keep } from "./kept.js";
import { player } from "./player.js";
import { plain } from "./room.js";
import { exactTimeOf, initialOf, shortened, timeOf } from "./words.js";

const PATIENCE = 4_000; // ms a pressed button stays pressed when nothing comes of it
const LONGEST = 20_000; // characters; the server takes no more
const HUES = 8; // colours of avatars in the style sheet

export const domId = (id) => `m-${id}`;

/** An emoji as people know it: this one is drawn in black without its selector. */
export const emojiOf = (emoji) => (emoji === "❤" ? "❤\uFE0F" : emoji);

export function hueOf(author) {
  let sum = 0;
  for (const character of author) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return String(sum % HUES);
}

export class MessageView {
  #slots = {};
  #shown = {};

  /** `hands` are what the page does when something here is used. */
  constructor(id, hands) {
    this.hands = hands;
    const slot = (name, tag = "div", properties = {}) =>
      (this.#slots[name] = make(tag, { class: name, ...properties }));
    this.element = make(
      "article",
      { class: "message", id: domId(id), tabindex: "-1" },
      slot("avatar", "div", { "aria-hidden": "true" }),
      make(
        "div",
        { class: "column" },
        slot("author"),
        (this.bubble = make(
          "div",
          { class: "bubble" },
          slot("quote"),
          slot("pictures"),
          slot("body", "div", { dir: "auto" }),
          slot("sound"),
          slot("meta"),
          slot("tools"),
        )),
        slot("buttons"),
        slot("reactions"),
      ),
    );
  }

  paint(message, { room, person, first, quoted }) {
    this.message = message;
    const mine = message.author === person;
    const name = message.name || room.nameOf(message.author);
    this.#mark(message, { mine, first, bot: message.author === "bot" });
    this.element.setAttribute("aria-label", `${mine ? "You" : name}, ${timeOf(message.at)}`);
    this.#fill("avatar", [message.author, name, room.app.icon, first], () => avatar(message.author, name, room.app));
    this.#fill("author", [name, first, mine], () => (first && !mine ? [name] : []));
    this.#fill("quote", [quoted?.id, quoted?.text, message.reply_to], () => this.#quote(message, quoted, room));
    this.#fill("pictures", message.files, () => message.files.map((file) => this.#picture(file)));
    this.#paintBody(message);
    this.#fill("sound", message.voice, () => (message.voice ? [player(message.voice)] : []));
    this.#fill("meta", [message.at, message.edited, message.pending, message.words, message.only_for, mine], () =>
      this.#meta(message, mine),
    );
    this.#fill("buttons", message.buttons, () => (message.buttons ?? []).map((button) => this.#button(button)));
    this.#fill("reactions", [message.reactions, person], () => this.#reactions(message, person, room));
    this.#fill("tools", [Boolean(message.pending), person], () => (message.pending ? [] : this.#tools()));
  }

  #mark(message, { mine, first, bot }) {
    const marks = { mine, bot, first, growing: message.growing, pending: message.pending, private: message.only_for };
    for (const [name, on] of Object.entries(marks)) this.element.classList.toggle(name, Boolean(on));
    this.bubble.classList.toggle("bare", !message.text && !message.html && !message.voice && message.files.length > 0);
  }

  #fill(name, key, build) {
    const text = JSON.stringify(key ?? null);
    if (this.#shown[name] === text) return;
    this.#shown[name] = text;
    const children = build();
    refill(this.#slots[name], ...children);
    this.#slots[name].hidden = children.length === 0;
  }

  #paintBody(message) {
    const body = this.#slots.body;
    if (this.#shown.body === message.html && this.#shown.text === message.text) return;
    this.#shown.body = message.html;
    this.#shown.text = message.text;
    body.classList.toggle("plain", !message.html);
    if (message.html) morph(body, rendered(message.html));
    else body.textContent = message.text;
    const dots = message.growing && !message.text;
    if (dots) body.replaceChildren(make("span", { class: "dots", role: "img", "aria-label": "Writing" }, ...three()));
    body.hidden = (!message.html && !message.text && !dots) || this.element.classList.contains("editing");
  }

  #quote(message, quoted, room) {
    if (!message.reply_to || quoted === undefined) return [];
    const words = quoted ? shortened(wordsOf(quoted.html) || quoted.text, 90) || (quoted.voice ? "Voice note" : "Picture") : "A message that is gone";
    const name = quoted ? make("strong", {}, quoted.name || room.nameOf(quoted.author)) : null;
    return [
      make(
        "button",
        { type: "button", class: "quoted", disabled: !quoted, onclick: () => this.hands.jump(message.reply_to) },
        name,
        make("span", { dir: "auto" }, words),
      ),
    ];
  }

  #picture(file) {
    const address = `file/${encodeURIComponent(file.id)}`;
    if (!file.media_type?.startsWith("image/")) return fileLink(file, address);
    const picture = make("img", { src: address, alt: file.name || "Picture", decoding: "async" });
    const button = make("button", { type: "button", class: "picture", onclick: () => this.hands.enlarge(address, picture.alt) }, picture);
    // What this browser cannot draw, whatever it calls itself, is a file like others.
    picture.addEventListener("error", () => button.replaceWith(fileLink(file, address)));
    return button;
  }

  #meta(message, mine) {
    const parts = [];
    if (message.only_for) parts.push(make("span", { class: "only" }, "Only you see this"));
    if (message.edited) parts.push(make("span", {}, "edited"));
    if (message.pending === "waiting") parts.push(make("span", { class: "waits" }, "Waiting for the bot; it goes by itself"));
    if (message.pending === "refused") parts.push(this.#refusal(message));
    parts.push(make("time", { datetime: new Date(message.at).toISOString(), title: exactTimeOf(message.at) }, timeOf(message.at)));
    if (mine) {
      const done = !message.pending || message.pending === "sent";
      const state = make("span", { class: "state", role: "img", "aria-label": done ? "Sent" : "Not sent yet" });
      state.append(icon(done ? "check" : "clock"));
      parts.push(state);
    }
    return parts;
  }

  #refusal(message) {
    return make(
      "span",
      { class: "refused", role: "alert" },
      message.words,
      make("button", { type: "button", onclick: () => this.hands.resend(message) }, "Try again"),
      make("button", { type: "button", onclick: () => this.hands.takeBack(message) }, "Change"),
    );
  }

  #button(button) {
    const pressed = ["like", "dislike"].includes(button.name) ? String(Boolean(button.chosen)) : null;
    const kind = button.name === "suggest" || button.name === "choose" ? "chip" : "action";
    const element = make(
      "button",
      { type: "button", class: `${kind} ${button.name}`, "data-name": button.name, "aria-pressed": pressed, dir: "auto" },
      button.label,
    );
    element.classList.toggle("chosen", Boolean(button.chosen));
    element.addEventListener("click", () => {
      // Not "disabled": that would take the focus away from whoever presses it by keyboard.
      if (element.ariaDisabled === "true") return;
      element.ariaDisabled = "true";
      setTimeout(() => (element.ariaDisabled = "false"), PATIENCE);
      this.hands.press(this.message, button);
    });
    return element;
  }

  #reactions(message, person, room) {
    return Object.entries(message.reactions ?? {})
      .filter(([, people]) => people.length > 0)
      .map(([emoji, people]) => {
        const on = people.includes(person);
        const names = people.map((id) => (id === person ? "you" : room.nameOf(id))).join(", ");
        return make(
          "button",
          {
            type: "button",
            class: on ? "reaction on" : "reaction",
            "aria-pressed": String(on),
            "aria-label": `${emoji} ${people.length}, by ${names}`,
            title: names,
            onclick: () => this.hands.react(this.message, plain(emoji), !on),
          },
          make("span", { class: "emoji" }, emojiOf(emoji)),
          String(people.length),
        );
      });
  }

  #tools() {
    const react = (emoji, label) =>
      make(
        "button",
        { type: "button", class: "icon-button emoji", "aria-label": label, title: label, tabindex: "-1", onclick: () => this.hands.toggle(this.message, emoji) },
        emoji,
      );
    const open = (event) => this.hands.menu(this.message, event.currentTarget);
    return [
      react("👍", "Like"),
      react("👎", "Dislike"),
      iconButton("reply", "Reply", () => this.hands.reply(this.message), { tabindex: "-1" }),
      iconButton("more", "More: react, copy, edit", open, { tabindex: "-1" }),
    ];
  }

  /** Let the person change their own words in place; `save` gets the new ones. */
  edit(save) {
    const { id, text } = this.message;
    const key = `edit.${id}`;
    const field = make("textarea", { "aria-label": "Change your message", rows: "1", dir: "auto" });
    field.value = recall(key) ?? text;
    field.maxLength = LONGEST;
    const fit = () => {
      field.style.setProperty("height", "auto");
      field.style.setProperty("height", `${field.scrollHeight}px`);
    };
    const end = () => {
      form.remove();
      this.#slots.body.hidden = !this.message.text;
      this.element.classList.remove("editing");
      keep(key, null);
      this.hands.edited();
    };
    const accept = async () => {
      const changed = field.value.trim();
      end();
      if (!changed || changed === text) return;
      // Kept until the server has them: whoever edits again finds the words they wrote.
      keep(key, changed);
      const { ok } = await save(changed);
      if (ok && recall(key) === changed) keep(key, null);
    };
    field.addEventListener("input", () => {
      keep(key, field.value);
      fit();
    });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") end();
      else if (event.key === "Enter" && !event.shiftKey) accept();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const form = make(
      "div",
      { class: "editor" },
      field,
      make(
        "div",
        { class: "editor-buttons" },
        make("button", { type: "button", class: "quiet", onclick: end }, "Cancel"),
        make("button", { type: "button", class: "primary", onclick: accept }, "Save"),
      ),
    );
    this.element.classList.add("editing");
    this.#slots.body.hidden = true;
    this.#slots.body.after(form);
    fit();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
}

const fileLink = ({ name }, address) =>
  make("a", { class: "file", href: address, target: "_blank", rel: "noopener" }, icon("file"), name || "File");

const three = () => [make("i"), make("i"), make("i")];

export function avatar(author, name, app) {
  const isBot = author === "bot";
  const face = make("span", { class: "face", "aria-hidden": "true", "data-hue": isBot ? "bot" : hueOf(author) });
  face.textContent = isBot && app.icon ? app.icon : initialOf(name);
  return [face];
}

/** One listener for every copy button of every block of code. */
export function copyCodeIn(list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest(".copy-code");
    const block = button?.closest(".code")?.querySelector("pre");
    if (block) copyText(block.textContent.replace(/\n$/, ""), button);
  });
}
