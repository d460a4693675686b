// The messages of one chat as one person sees them: kept in order, kept at the bottom, kept still.

import { byId, icon, make } from "./dom.js";
import { copyCodeIn, domId, MessageView } from "./message.js";
import { dayOf, dayWords } from "./words.js";

const WINDOW = 120; // messages drawn at once; earlier ones at a click
const TOGETHER = 300_000; // ms within which messages of one person stand together
const NEAR = 48; // px from the bottom that still count as being there
const HELD = 450; // ms of a long press

export class Talk {
  #views = new Map();
  #days = new Map();
  #changed = new Set();
  #structure = false;
  #due = 0;
  #limit = WINDOW;
  #pinned = true;
  #lastTop = 0;
  #missed = 0;
  #newFrom = null;
  #entering = false;
  #focused = null;

  constructor(room, outbox, hands) {
    Object.assign(this, { room, outbox, hands });
    this.scroller = byId("talk");
    this.list = byId("messages");
    this.statuses = byId("statuses");
    this.jumpButton = byId("jump");
    this.earlier = make("button", { type: "button", class: "quiet earlier", onclick: () => this.#showEarlier() }, "Show earlier messages");
    this.newLine = make("div", { class: "new-line", role: "separator" }, make("span", {}, "New"));
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.jumpButton.addEventListener("click", () => this.pin(true));
    new ResizeObserver(() => this.#stay()).observe(this.list);
    new ResizeObserver(() => this.#stay()).observe(this.scroller);
    document.addEventListener("visibilitychange", () => this.#flush());
    this.list.addEventListener("keydown", (event) => this.#walk(event));
    this.#listenForLongPress();
    copyCodeIn(this.list);
  }

  /** Show this chat from its end. */
  show(person, chat) {
    Object.assign(this, { person, chat });
    const read = this.room.unread(person, chat);
    const seen = this.room.seen(person, chat).filter(({ author }) => author !== person);
    this.#newFrom = read > 0 ? seen.at(-read)?.id : null;
    this.#views.clear();
    this.#days.clear();
    this.list.replaceChildren();
    this.#limit = WINDOW;
    this.#entering = false;
    this.#structure = true;
    this.#pinned = true;
    this.#missed = 0;
    this.#flush();
    this.pin();
    this.#entering = true;
  }

  /** Something came, went or moved. */
  rearrange() {
    this.#structure = true;
    this.#plan();
  }

  /** One message has other content. */
  touch(id) {
    this.#changed.add(id);
    this.#plan();
  }

  view(id) {
    return this.#views.get(id);
  }

  get pinned() {
    return this.#pinned;
  }

  /** Go to the newest message and stay there. */
  pin(smoothly = false) {
    this.#pinned = true;
    this.#missed = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smoothly && !calm ? "smooth" : "instant" });
    this.#showJump();
    this.hands.read();
  }

  /** A message arrived in this chat; somebody who reads further up is told by the button. */
  count(message) {
    if (!this.#pinned && message.author !== this.person) this.#missed += 1;
    this.#showJump();
  }

  jumpTo(id) {
    if (!this.#views.has(id)) {
      const seen = this.room.seen(this.person, this.chat);
      const index = seen.findIndex((message) => message.id === id);
      if (index < 0) return;
      this.#limit = seen.length - index + 10;
      this.#structure = true;
      this.#flush();
    }
    const { element } = this.#views.get(id);
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    element.classList.add("found");
    setTimeout(() => element.classList.remove("found"), 1_600);
  }

  // Drawing: at most once a frame, and not at all while nobody can see it.

  #plan() {
    if (this.#due || document.hidden) return;
    this.#due = requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    cancelAnimationFrame(this.#due);
    this.#due = 0;
    if (this.chat === undefined) return;
    if (this.#structure) this.#arrange();
    else for (const id of this.#changed) this.#repaint(id);
    this.#structure = false;
    this.#changed.clear();
    this.#showStatuses();
    this.#stay();
  }

  #items() {
    const seen = this.room.seen(this.person, this.chat);
    const arrived = new Set(seen.map((message) => message.sent).filter(Boolean));
    const waiting = this.outbox.of(this.person, this.chat).filter((entry) => !arrived.has(entry.id));
    return [...seen, ...waiting.map(asMessage)];
  }

  #arrange() {
    const items = this.#items();
    const shown = items.slice(-this.#limit);
    const wanted = items.length > shown.length ? [this.earlier] : [];
    const kept = new Set(shown.map((message) => message.id));
    const draft = [...this.#views.values()].find((view) => view.message.growing && !kept.has(view.message.id));
    let last = null;
    let day = null;
    for (const message of shown) {
      const date = dayOf(message.at);
      if (date !== day) wanted.push(this.#dayLine(date, message.at));
      const isNew = message.id === this.#newFrom;
      if (isNew) wanted.push(this.newLine);
      const first = isNew || date !== day || last?.author !== message.author || message.at - last.at > TOGETHER;
      wanted.push(this.#draw(message, first, last, draft));
      last = message;
      day = date;
    }
    this.#place(wanted);
    this.#forget(kept);
    this.#setTabStop(last);
    this.hands.arranged(items.length);
  }

  #draw(message, first, before, draft) {
    let view = this.#views.get(message.id) ?? this.#becomes(message, draft);
    if (!view) {
      view = new MessageView(message.id, this.hands);
      view.element.classList.toggle("enters", this.#entering);
      // An element that is moved would come in once more.
      view.element.addEventListener("animationend", ({ target }) => target.classList.remove("enters"), { once: true });
      this.#views.set(message.id, view);
    }
    view.first = first;
    view.before = before?.id;
    this.#paint(view, message);
    return view.element;
  }

  /** A waiting message that has arrived keeps its element; so does a draft that became a message. */
  #becomes(message, draft) {
    const view = message.author === "bot" && !message.growing ? draft : this.#views.get(asId(message.sent));
    if (!view || !this.#views.delete(view.message.id)) return null;
    this.#views.set(message.id, view);
    view.element.id = domId(message.id);
    return view;
  }

  #paint(view, message) {
    // In a talk of two, an answer right under its question needs no quote of it.
    const obvious = message.reply_to === view.before && this.room.chat(this.chat)?.private;
    const quoted = message.reply_to && !obvious ? (this.room.messages.get(message.reply_to) ?? null) : undefined;
    const pending = message.pending ?? this.outbox.stateOf(message.sent);
    view.paint({ ...message, pending }, { room: this.room, person: this.person, first: view.first, quoted });
  }

  #repaint(id) {
    const view = this.#views.get(id);
    const message = this.room.messages.get(id);
    if (view && message) this.#paint(view, message);
  }

  #place(wanted) {
    // What goes goes first, so that nothing else has to move: an element that is moved is laid out
    // anew, loses its selection and falls silent.
    const staying = new Set(wanted);
    for (const element of [...this.list.children]) if (!staying.has(element)) element.remove();
    let present = this.list.firstChild;
    for (const element of wanted) {
      if (element === present) present = present.nextSibling;
      else this.list.insertBefore(element, present);
    }
  }

  #forget(kept) {
    for (const id of this.#views.keys()) if (!kept.has(id)) this.#views.delete(id);
  }

  #dayLine(date, at) {
    const line = this.#days.get(date) ?? make("div", { class: "day", role: "separator" }, make("span"));
    line.firstChild.textContent = dayWords(at);
    this.#days.set(date, line);
    return line;
  }

  #showStatuses() {
    const rows = [...this.room.statuses(this.chat)].map(([person, words]) =>
      make(
        "p",
        { class: "status" },
        make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")),
        person === this.person || !person ? words : `${words} (${this.room.nameOf(person)})`,
      ),
    );
    const text = rows.map((row) => row.textContent).join("\n");
    if (this.statuses.dataset.text === text) return;
    this.statuses.dataset.text = text;
    this.statuses.replaceChildren(...rows);
  }

  #showEarlier() {
    const height = this.scroller.scrollHeight;
    this.#limit += WINDOW;
    this.#pinned = false;
    this.#structure = true;
    this.#flush();
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
  }

  // Staying at the bottom, or where the reader is.

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    const goesUp = scrollTop < this.#lastTop;
    // Growth below moves the end away without anybody scrolling: only going up lets go of it, be it
    // by a hair, since the next frame would undo it. What shrinks is pulled up, but to its end.
    if (goesUp && left > 1) this.#pinned = false;
    else if (!goesUp && left < NEAR && !this.#pinned) this.pin();
    this.#lastTop = scrollTop;
    this.#showJump();
  }

  #stay() {
    // What has shrunk until all of it is to be seen leaves nothing further down to go to.
    if (!this.#pinned && this.scroller.scrollHeight - this.scroller.clientHeight <= 1) this.pin();
    if (!this.#pinned) return;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#lastTop = this.scroller.scrollTop;
  }

  #showJump() {
    this.jumpButton.hidden = this.#pinned;
    const words = this.#missed ? `${this.#missed} new` : "Newest";
    this.jumpButton.replaceChildren(icon("down"), words);
  }

  // Keyboard and touch.

  #setTabStop(last) {
    if (this.#focused?.isConnected) return;
    for (const element of this.list.querySelectorAll('.message[tabindex="0"]')) element.tabIndex = -1;
    if (last) this.#views.get(last.id).element.tabIndex = 0;
  }

  #walk(event) {
    const element = event.target;
    if (!element.classList.contains("message")) return;
    const messages = [...this.list.querySelectorAll(".message")];
    const at = messages.indexOf(element);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: messages.length - 1 }[event.key];
    const opens = event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
    if (opens) this.#openMenu(element);
    else if (messages[to]) this.#focus(element, messages[to]);
    else return;
    event.preventDefault();
  }

  #focus(from, to) {
    from.tabIndex = -1;
    to.tabIndex = 0;
    this.#focused = to;
    to.focus();
  }

  #openMenu(element) {
    const view = [...this.#views.values()].find((each) => each.element === element);
    if (view && !view.message.pending) this.hands.menu(view.message, view.bubble);
  }

  #listenForLongPress() {
    let timer = 0;
    const cancel = () => clearTimeout(timer);
    this.list.addEventListener("pointerdown", (event) => {
      const element = event.target.closest(".message");
      if (event.pointerType !== "touch" || !element || event.target.closest("button, a, textarea, input, .wide, pre")) return;
      timer = setTimeout(() => this.#openMenu(element), HELD);
    });
    for (const kind of ["pointerup", "pointercancel", "pointermove"]) this.list.addEventListener(kind, cancel);
    this.list.addEventListener("contextmenu", (event) => {
      if (event.pointerType === "touch") event.preventDefault();
    });
  }
}

const asId = (id) => `out-${id}`;

function asMessage(entry) {
  return {
    ...{ id: asId(entry.id), entry: entry.id, chat: entry.chat, author: entry.person, name: "", html: "", text: entry.text },
    ...{ files: entry.files, buttons: [], reactions: {}, voice: null, reply_to: entry.reply_to, only_for: null },
    ...{ at: entry.at, growing: false, edited: false, pending: entry.state, words: entry.words },
  };
}
