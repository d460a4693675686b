// What is going on in the room, as the server tells it: one op after the other.

import { keep, recall } from "./kept.js";

const CALLS = 200; // the server sends as many with its hello

export const plain = (emoji) => emoji.replaceAll("\uFE0F", "");

export class Room {
  app = {};
  people = [];
  chats = [];
  behaviours = [];
  behaviour = "";
  capabilities = {};
  faults = [];
  fault = "";
  sandbox = false;
  mention = "";
  commands = null;
  reactions = null;
  messages = new Map();
  calls = [];
  greeted = false;
  #statuses = new Map();
  #listeners = new Map();

  /** Call `listener` with the detail of every op of this kind, after the room has changed. */
  on(kind, listener) {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
  }

  apply(op) {
    if (op.op === "together") {
      for (const each of op.ops) this.apply(each);
      return;
    }
    const detail = this.#change(op);
    for (const listener of this.#listeners.get(op.op) ?? []) listener(detail);
  }

  #change(op) {
    switch (op.op) {
      case "hello":
        return this.#begin(op);
      case "message": {
        const before = this.messages.get(op.message.id);
        this.messages.set(op.message.id, op.message);
        return { message: op.message, before };
      }
      case "grew": {
        const { id, html, text } = op;
        const message = this.messages.get(id);
        if (message) this.messages.set(id, { ...message, html, text, growing: true });
        return { message: this.messages.get(id) };
      }
      case "deleted": {
        const before = this.messages.get(op.id);
        this.messages.delete(op.id);
        return { before };
      }
      case "status":
        return this.#setStatus(op);
      case "call":
        this.calls.push(op.call);
        if (this.calls.length > CALLS) this.calls.shift();
        return op.call;
      case "behaviour":
        this.behaviour = op.behaviour;
        this.capabilities = op.capabilities;
        return op;
      case "fault":
        this.fault = op.fault;
        return op;
      case "people":
        this.people = op.people;
        this.chats = op.chats;
        return op;
      default:
        return op; // "form", "closed", and what a newer server may say
    }
  }

  #begin(hello) {
    const { op: _, seq: __, messages, ...facts } = hello;
    Object.assign(this, facts);
    this.messages = new Map(messages.map((message) => [message.id, message]));
    this.#statuses.clear();
    for (const status of hello.statuses ?? []) this.#setStatus(status);
    this.greeted = true;
    return hello;
  }

  #setStatus({ chat, person, words }) {
    const statuses = this.#statuses.get(chat) ?? new Map();
    if (words) statuses.set(person, words);
    else statuses.delete(person);
    this.#statuses.set(chat, statuses);
    return { chat, person };
  }

  /** Person id → words, of those the bot is busy for in this chat. */
  statuses(chat) {
    return this.#statuses.get(chat) ?? new Map();
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }

  chat(id) {
    return this.chats.find((chat) => chat.id === id);
  }

  chatsOf(person) {
    return this.chats.filter((chat) => !chat.private || chat.person === person);
  }

  /** What this person sees in this chat, oldest first. */
  seen(person, chat) {
    return [...this.messages.values()].filter(
      (message) => message.chat === chat && (!message.only_for || message.only_for === person),
    );
  }

  latest(person, chat) {
    return this.seen(person, chat).at(-1);
  }

  nameOf(author) {
    if (author === "bot") return this.app.title || "Bot";
    return this.person(author)?.name ?? "Somebody";
  }

  // Unread marks.

  markRead(person, chat) {
    keep(`read.${person}.${chat}`, this.latest(person, chat)?.at ?? 0);
  }

  unread(person, chat) {
    const read = recall(`read.${person}.${chat}`);
    // A browser that is here for the first time has not missed what was said before it came.
    if (read === null) {
      this.markRead(person, chat);
      return 0;
    }
    return this.seen(person, chat).filter(({ at, author }) => at > read && author !== person).length;
  }

  unreadOf(person) {
    return this.chatsOf(person).reduce((sum, chat) => sum + this.unread(person, chat.id), 0);
  }
}
