// Where people write: text, pictures, a quote, commands. What is typed is kept until it is sent.

import { byId, iconButton, make, toast, wordsOf } from "./dom.js";
import { keep, recall } from "./kept.js";
import { Choices } from "./choices.js";
import { post, reason } from "./wire.js";
import { shortened } from "./words.js";

const LONGEST = 20_000; // characters; the server takes no more

export class Composer {
  #attached = new Map();
  #sendsWhenReady = false;

  constructor(room, outbox, hands) {
    Object.assign(this, { room, outbox, hands });
    this.field = byId("text");
    this.thumbnails = byId("thumbnails");
    this.replying = byId("replying");
    this.stopButton = byId("stop");
    this.sendButton = byId("send");
    this.choices = new Choices(this.field, room, (text, sends) => this.#complete(text, sends));
    this.field.maxLength = LONGEST;
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("paste", (event) => this.#paste(event));
    this.field.addEventListener("blur", () => this.choices.close());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    byId("attach").addEventListener("click", () => byId("files").click());
    byId("files").addEventListener("change", ({ target }) => {
      this.attach(target.files);
      target.value = "";
    });
    this.stopButton.addEventListener("click", () => hands.stop());
    this.#listenForDrops();
  }

  /** Write as this person in this chat; takes up what they had typed there. */
  show(person, chat) {
    // Somebody quick may have typed before it was known who they are here.
    const typed = this.chat ? "" : this.field.value;
    Object.assign(this, { person, chat });
    const draft = recall(this.#lane, {});
    this.field.value = [draft.text, typed].filter(Boolean).join("\n");
    this.replyTo = draft.reply_to ?? null;
    if (!this.#attached.has(this.#lane)) {
      this.#attached.set(this.#lane, (draft.files ?? []).map((file) => ({ ...file, state: "ready", address: `file/${file.id}` })));
    }
    const { private: alone, title } = this.room.chat(chat);
    const words = this.room.app.placeholder || `Message ${this.room.app.title || "the bot"}`;
    const others = this.room.mention ? `Write to ${title}; ${this.room.mention} asks the bot` : `Write to ${title}`;
    this.field.placeholder = alone ? words : others;
    this.choices.alone = alone;
    this.choices.close();
    this.#fit();
    this.#showAttached();
    this.showReply();
  }

  get #lane() {
    return `draft.${this.person}.${this.chat}`;
  }

  get #items() {
    return this.#attached.get(this.#lane) ?? [];
  }

  get empty() {
    return !this.field.value.trim() && this.#items.length === 0;
  }

  focus() {
    this.field.focus();
  }

  /** Put words that could not be sent back where they can be changed. */
  takeBack({ text, files, reply_to }) {
    this.field.value = [text, this.field.value].filter(Boolean).join("\n");
    this.#items.push(...files.map((file) => ({ ...file, state: "ready", address: `file/${file.id}` })));
    this.replyTo = reply_to;
    this.#typed();
    this.#showAttached();
    this.showReply();
    this.focus();
  }

  reply(message) {
    this.replyTo = message.id;
    this.#keepDraft();
    this.showReply();
    this.focus();
  }

  showReply() {
    const message = this.replyTo && this.room.messages.get(this.replyTo);
    this.replying.hidden = !message;
    if (!message) return;
    const words = shortened(wordsOf(message.html) || message.text, 120) || (message.voice ? "Voice note" : "Picture");
    this.replying.replaceChildren(
      make("div", {}, make("strong", {}, `Reply to ${message.name || this.room.nameOf(message.author)}`), make("span", { dir: "auto" }, words)),
      iconButton("close", "Do not reply to it", () => this.#dropReply()),
    );
  }

  #dropReply() {
    this.replyTo = null;
    this.#keepDraft();
    this.showReply();
    this.focus();
  }

  send() {
    if (this.empty || !this.chat) return;
    const items = this.#items;
    if (items.some(({ state }) => state === "failed")) {
      toast("One picture did not arrive. Remove it or try it again, then send.");
      return;
    }
    this.#sendsWhenReady = items.some(({ state }) => state === "uploading");
    if (this.#sendsWhenReady) {
      toast("It goes as soon as the pictures are there.");
      return;
    }
    const files = items.map(({ id, media_type, name }) => ({ id, media_type, name }));
    this.outbox.add({ person: this.person, chat: this.chat, text: this.field.value.trim(), files, reply_to: this.replyTo });
    for (const { address } of items) if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    this.#attached.set(this.#lane, []);
    this.field.value = "";
    this.replyTo = null;
    this.#typed();
    this.#showAttached();
    this.showReply();
    this.hands.sent();
  }

  #typed() {
    this.#keepDraft();
    this.#fit();
    this.choices.offer();
  }

  #keepDraft() {
    if (!this.chat) return;
    const text = this.field.value;
    const files = this.#items.filter(({ state }) => state === "ready").map(({ id, media_type, name }) => ({ id, media_type, name }));
    keep(this.#lane, text || files.length || this.replyTo ? { text, files, reply_to: this.replyTo } : null);
    this.sendButton.disabled = this.empty;
  }

  #fit() {
    this.field.style.setProperty("height", "auto");
    this.field.style.setProperty("height", `${this.field.scrollHeight}px`);
    this.sendButton.disabled = this.empty;
  }

  #complete(text, sends) {
    this.field.value = text;
    this.#typed();
    if (sends) this.send();
    this.focus();
  }

  #key(event) {
    if (event.isComposing || this.choices.key(event)) return;
    // On a touch keyboard the return key is the only way to a new line.
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !touch) this.send();
    else if (event.key === "ArrowUp" && this.empty && this.hands.editLast()) this.choices.close();
    else if (event.key === "Escape" && this.replyTo) this.#dropReply();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Pictures.

  attach(files) {
    const items = [...files].map((file) => ({
      ...{ file, name: file.name || "picture.png", media_type: file.type, id: null, state: "uploading", words: "" },
      address: URL.createObjectURL(file),
    }));
    this.#items.push(...items);
    const key = this.#lane;
    for (const item of items) this.#upload(item, key);
    this.#showAttached();
    this.#keepDraft();
    this.focus();
  }

  async #upload(item, key) {
    Object.assign(item, { state: "uploading", words: "" });
    const answer = await post(`upload?name=${encodeURIComponent(item.name)}`, item.file);
    if (answer.ok) Object.assign(item, { id: answer.data.id, state: "ready" });
    else Object.assign(item, { state: "failed", words: reason(answer), passing: answer.status === 0 || answer.status >= 500 });
    if (key !== this.#lane) return;
    this.#showAttached();
    this.#keepDraft();
    const done = this.#items.every(({ state }) => state === "ready");
    if (this.#sendsWhenReady && done) this.send();
  }

  #showAttached() {
    const items = this.#items;
    this.thumbnails.hidden = items.length === 0;
    this.thumbnails.replaceChildren(...items.map((item) => this.#thumbnail(item)));
  }

  #thumbnail(item) {
    const key = this.#lane;
    const remove = () => {
      this.#attached.set(key, this.#items.filter((each) => each !== item));
      this.#showAttached();
      this.#keepDraft();
      this.focus();
    };
    const again = () => {
      this.#upload(item, key);
      this.#showAttached();
    };
    const words = make("span", { class: "file-name" }, item.name);
    const drawn = item.media_type?.startsWith("image/") && make("img", { src: item.address, alt: item.name });
    if (drawn) drawn.addEventListener("error", () => drawn.replaceWith(words));
    const fault = item.state === "failed" ? make("p", { role: "alert" }, item.words) : null;
    const retry = item.passing && item.state === "failed" ? iconButton("again", `Try ${item.name} again`, again) : null;
    const close = iconButton("close", `Remove ${item.name}`, remove, { class: "icon-button remove" });
    const busy = item.state === "uploading" ? make("span", { class: "spinner", role: "img", "aria-label": "Uploading" }) : null;
    return make("li", { class: `thumbnail ${item.state}`, title: item.name }, drawn || words, busy, close, retry, fault);
  }

  #paste(event) {
    const { files } = event.clipboardData;
    // Office programs copy a picture of the text beside the text: then the text is meant.
    if (files.length === 0 || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    this.attach(files);
  }

  #listenForDrops() {
    const target = byId("main");
    const cover = byId("drop");
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    target.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      cover.hidden = false;
    });
    target.addEventListener("dragleave", (event) => {
      if (!target.contains(event.relatedTarget)) cover.hidden = true;
    });
    // A picture dropped beside the chat would otherwise open in place of the page.
    window.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
    window.addEventListener("drop", (event) => {
      cover.hidden = true;
      if (!holdsFiles(event)) return;
      event.preventDefault();
      if (target.contains(event.target)) this.attach(event.dataTransfer.files);
    });
  }
}
