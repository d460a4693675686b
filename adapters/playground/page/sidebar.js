// Who writes, and where: the people of the playground and their chats.

import { byId, icon, make, wordsOf } from "./dom.js";
import { avatar } from "./message.js";
import { shortened, timeOf } from "./words.js";

export class Sidebar {
  constructor(room, hands) {
    Object.assign(this, { room, hands });
    this.people = byId("people");
    this.chats = byId("chats");
    this.shown = "";
  }

  show(person, chat) {
    const people = this.room.people.map((each) => [each.id, each.name, each.id === person, this.room.unreadOf(each.id)]);
    const chats = this.room.chatsOf(person).map((each) => {
      const latest = this.room.latest(person, each.id);
      return { ...each, current: each.id === chat, unread: this.room.unread(person, each.id), preview: this.#preview(latest, person), at: latest?.at };
    });
    const text = JSON.stringify([people, chats, this.room.app]);
    if (text === this.shown) return;
    this.shown = text;
    const focused = document.activeElement?.dataset?.key;
    this.people.replaceChildren(...people.map((each) => this.#person(...each)), this.#add());
    this.chats.replaceChildren(...chats.map((each) => this.#chat(each)));
    if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #preview(message, person) {
    if (!message) return "Nothing yet";
    if (message.growing) return "Writing…"; // its first words would stand here until its end
    const by = message.author === person ? "You: " : "";
    const words = message.voice ? "Voice note" : message.files?.length && !message.text ? "Picture" : shortened(wordsOf(message.html) || message.text, 60);
    return by + (words || "…");
  }

  #person(id, name, current, unread) {
    return make(
      "button",
      {
        ...{ type: "button", class: "person", "aria-pressed": String(current), title: name, "data-key": `person ${id}` },
        "aria-label": unread ? `${name}, ${unread} unread` : name,
        onclick: () => this.hands.become(id),
      },
      ...avatar(id, name, this.room.app),
      make("span", { class: "person-name" }, name),
      unread && !current ? make("span", { class: "badge", "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)) : null,
    );
  }

  #add() {
    return make(
      "button",
      { type: "button", class: "person add", title: "Add a person", "data-key": "add", onclick: () => this.hands.addPerson() },
      make("span", { class: "face" }, icon("plus")),
      make("span", { class: "person-name" }, "Add"),
    );
  }

  #chat({ id, title, private: alone, current, unread, preview, at }) {
    const name = alone ? this.room.app.title || title : title;
    return make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "chat", "aria-current": current ? "true" : null, "data-key": `chat ${id}`, onclick: () => this.hands.enter(id) },
        ...(alone ? avatar("bot", name, this.room.app) : [make("span", { class: "face", "data-hue": "group" }, icon("group"))]),
        make("span", { class: "chat-words" }, make("strong", { dir: "auto" }, name), make("span", { class: "preview", dir: "auto" }, preview)),
        make(
          "span",
          { class: "chat-side" },
          at ? make("time", {}, timeOf(at)) : null,
          unread && !current ? make("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
        ),
      ),
    );
  }
}
