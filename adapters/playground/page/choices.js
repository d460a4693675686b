// The list over the composer: commands after "/", the bot's name after "@" in a group.

import { byId, make } from "./dom.js";

const COMMANDS = [
  { name: "ask", words: "Ask a question, with or without a picture" },
  { name: "stop", words: "Stop the answer that is being written" },
  { name: "retry", words: "Write the last answer anew" },
  { name: "voice", words: "Hear the last answer" },
  { name: "feedback", words: "Say what was good or bad about an answer" },
  { name: "inputs", words: "Change what you told the app before" },
  { name: "about", words: "What this app is" },
  { name: "help", words: "What you can do here" },
  { name: "start", words: "Begin" },
  { name: "forget", words: "Delete what is kept of you" },
];

// Commands that go on with words, or are better thought about twice; the others are sent at once.
const OPEN = new Set(["ask", "feedback", "forget"]);

export class Choices {
  #at = -1;
  #offered = [];
  alone = true;

  constructor(field, room, choose) {
    Object.assign(this, { field, room, choose });
    this.list = byId("choices");
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Offer what fits what has been typed so far. */
  offer() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const command = /^\/(\w*)$/.exec(this.field.value);
    const name = /(?:^|\s)@(\w*)$/.exec(before);
    if (command) this.#show(this.#commands(command[1].toLowerCase()));
    else if (name && !this.alone && this.#calls(name[1].toLowerCase())) {
      const start = before.length - name[1].length - 1;
      const text = `${this.field.value.slice(0, start)}${this.room.mention} ${this.field.value.slice(before.length)}`;
      this.#show([{ label: this.room.mention, words: "Ask the bot", text, sends: false }]);
    } else this.close();
  }

  /** Whether this begins the bot's name, the one after "@" or the one that people see. */
  #calls(begun) {
    const { mention, app } = this.room;
    return mention && [mention.slice(1), app.title ?? ""].some((name) => name.toLowerCase().startsWith(begun));
  }

  #commands(begun) {
    return (this.room.commands ?? COMMANDS)
      .filter(({ name }) => name.startsWith(begun))
      .map(({ name, words }) => ({ label: `/${name}`, words, text: OPEN.has(name) ? `/${name} ` : `/${name}`, sends: !OPEN.has(name) }));
  }

  #show(offered) {
    this.#offered = offered;
    this.#at = 0;
    this.list.hidden = offered.length === 0;
    this.list.replaceChildren(...offered.map((choice, index) => this.#row(choice, index)));
    this.#mark();
  }

  #row(choice, index) {
    const row = make("li", { role: "option", id: `choice-${index}` }, make("strong", {}, choice.label), make("span", {}, choice.words));
    // Not "click": the field would lose its focus first, and the list close with it.
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#take(choice);
    });
    return row;
  }

  #mark() {
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.#at)));
    this.list.children[this.#at]?.scrollIntoView({ block: "nearest" });
    if (this.isOpen) this.field.setAttribute("aria-activedescendant", `choice-${this.#at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #take(choice) {
    this.close();
    this.choose(choice.text, choice.sends);
    this.close();
  }

  close() {
    this.#offered = [];
    this.list.hidden = true;
    this.#mark();
  }

  /** True when the key was for the list. */
  key(event) {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#at = (this.#at + step + this.#offered.length) % this.#offered.length;
      this.#mark();
    } else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) this.#take(this.#offered[this.#at]);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
