// The way to the server and back: one stream of ops, posts that insist, an outbox that keeps.

import { keep, recallAll } from "./kept.js";

const PATIENCE = 15_000; // ms a post gets; the server stores an event in far less
const LONGEST = 10_000; // ms between two tries
const TRIES = 8; // of a click: about a minute; a message is tried for as long as the page is open

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const backoff = (tries) => Math.min(LONGEST, 500 * 2 ** tries);

export const newId = () =>
  // randomUUID is there in secure contexts only; loopback by name over http is one, an address not always.
  crypto.randomUUID?.() ??
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** One try. `status` 0 is "no answer"; `after` is how long the server asks us to wait, in ms. */
async function tryPost(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: body instanceof Blob ? { "Content-Type": body.type || "application/octet-stream" } : { "Content-Type": "application/json" },
      body: body instanceof Blob ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(body instanceof Blob ? PATIENCE * 8 : PATIENCE),
    });
    const after = Number(response.headers.get("Retry-After") ?? 0) * 1000;
    const data = await response.json().catch(() => ({}));
    return { status: response.status, ok: response.ok, after, data };
  } catch {
    return { status: 0, ok: false, after: 0, data: {} };
  }
}

const isPassing = ({ status }) => status === 0 || status === 429 || status >= 500;

/** Post until the server has an answer to it, with the same body and so the same id. */
export async function post(path, body, tries = TRIES) {
  let answer = await tryPost(path, body);
  for (let count = 0; isPassing(answer) && count < tries; count += 1) {
    await wait(Math.max(answer.after, backoff(count)));
    answer = await tryPost(path, body);
  }
  return answer;
}

/** What went wrong, for the person. */
export function reason({ status, data }) {
  if (data?.error) return data.error;
  if (status === 0) return "The playground does not answer. Is it still running?";
  if (status === 403 || status === 404) return "The playground no longer knows this page or message.";
  return `The playground refused it (${status}).`;
}

/** The stream of ops. `tell` hears "open", "waiting" or "expired". */
export class Line {
  #after = null;
  #failures = 0;

  constructor(apply, tell) {
    this.apply = apply;
    this.tell = tell;
  }

  open() {
    const source = new EventSource(this.#after === null ? "events" : `events?after=${this.#after}`);
    source.onopen = () => {
      this.#failures = 0;
      this.tell("open");
    };
    source.onmessage = ({ data, lastEventId }) => {
      if (lastEventId) this.#after = lastEventId;
      this.apply(JSON.parse(data));
    };
    source.onerror = () => {
      source.close();
      this.#again();
    };
  }

  async #again() {
    this.#failures += 1;
    if (this.#failures === 1) this.tell("waiting");
    await wait(backoff(this.#failures - 1));
    // An EventSource does not tell why it failed; the page itself does.
    const here = await fetch(".", { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (here && (here.status === 403 || here.status === 404)) this.tell("expired");
    else this.open();
  }
}

/**
 * Messages on their way, kept over a reload. Those of one person in one chat go in order; each goes
 * again with the same id until the server has it.
 */
export class Outbox {
  // One key each, so that two tabs do not write over what the other has not sent yet.
  entries = recallAll("outbox.").sort((one, other) => one.at - other.at);
  #arrived = new Set();
  #working = new Set();
  #wake = () => {};

  constructor(changed) {
    this.changed = changed;
  }

  /** Take up what the last visit left. */
  resume() {
    for (const entry of this.entries) this.#work(lane(entry));
  }

  /** No need to wait any longer: the server is there again. */
  hurry() {
    this.#wake();
  }

  add({ person, chat, text, files, reply_to }) {
    const entry = { id: newId(), person, chat, text, files, reply_to, at: Date.now(), state: "sending", words: "" };
    this.entries.push(entry);
    this.#set(entry, "sending");
    this.#work(lane(entry));
  }

  /** The message of this send is on the screen; what is waited for now is only the server's word. */
  arrived(id) {
    if (!id) return;
    this.#arrived.add(id);
    if (this.entries.some((entry) => entry.id === id && entry.state === "sent")) this.drop(id);
  }

  drop(id) {
    this.entries = this.entries.filter((entry) => entry.id !== id);
    keep(`outbox.${id}`, null);
    this.changed();
  }

  retry(id) {
    const entry = this.entries.find((each) => each.id === id);
    if (!entry) return;
    this.#set(entry, "sending");
    this.#work(lane(entry));
  }

  /** How far the message that came of a send is; "" for those that are through. */
  stateOf(id) {
    const state = id && this.entries.find((entry) => entry.id === id)?.state;
    return state === "waiting" ? state : "";
  }

  of(person, chat) {
    return this.entries.filter((entry) => entry.person === person && entry.chat === chat);
  }

  async #work(name) {
    if (this.#working.has(name)) return;
    this.#working.add(name);
    for (let entry = this.#next(name), tries = 0; entry; entry = this.#next(name)) {
      const { id, person, chat, text, files, reply_to } = entry;
      const answer = await tryPost("send", { id, person, chat, text, files: files.map((file) => file.id), reply_to });
      if (isPassing(answer)) {
        this.#set(entry, "waiting");
        await this.#pause(Math.max(answer.after, backoff(tries)));
        tries += 1;
        continue;
      }
      tries = 0;
      if (answer.ok) this.#sent(entry);
      else this.#set(entry, "refused", reason(answer));
    }
    this.#working.delete(name);
  }

  #next(name) {
    return this.entries.find((each) => lane(each) === name && !["sent", "refused"].includes(each.state));
  }

  #sent(entry) {
    if (this.#arrived.has(entry.id)) return this.drop(entry.id);
    this.#set(entry, "sent");
    // Its message usually is on the screen before this; should it never come, nothing is left over.
    return setTimeout(() => this.drop(entry.id), 3_000);
  }

  async #pause(milliseconds) {
    await Promise.race([wait(milliseconds), new Promise((resolve) => (this.#wake = resolve))]);
  }

  #set(entry, state, words = "") {
    if (!this.entries.includes(entry)) return;
    entry.state = state;
    entry.words = words;
    keep(`outbox.${entry.id}`, state === "sent" ? null : entry);
    this.changed();
  }
}

const lane = ({ person, chat }) => `${person}\n${chat}`;
