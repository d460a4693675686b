// The playground: one room, seen as one person in one chat, and everything wired to everything.

import { announce, byId, copyText, icon, toast, wordsOf } from "./dom.js";
import { Composer } from "./composer.js";
import { dress, welcome } from "./dress.js";
import { Forms } from "./form.js";
import { keep, recall } from "./kept.js";
import { Menu } from "./menu.js";
import { Panel } from "./panel.js";
import { plain, Room } from "./room.js";
import { Sidebar } from "./sidebar.js";
import { listenForTheme, openDrawersOnDemand } from "./frame.js";
import { Talk } from "./talk.js";
import { Line, newId, Outbox, post, reason } from "./wire.js";
import { shortened } from "./words.js";

const SPOKEN = 2_000; // characters a screen reader is given of one answer

const room = new Room();
const view = { person: null, chat: null };
const outbox = new Outbox(() => talk?.rearrange());

async function act(path, body, tries) {
  const answer = await post(path, { id: newId(), ...body }, tries);
  if (!answer.ok) toast(reason(answer));
  return answer;
}

const hands = {
  press: (message, { name, value }) => act("press", { person: view.person, message: message.id, name, value }),
  react: (message, emoji, on) => act("react", { person: view.person, message: message.id, emoji, on }),
  toggle: (message, emoji) => hands.react(message, emoji, !reacted(message, emoji)),
  menu: (message, anchor) => menu.open(message, anchor, view.person),
  reply: (message) => composer.reply(message),
  copy: (message) => copyText(message.text, byId("copied"), "").then(() => toast("Copied")),
  edit: (message) => talk.view(message.id)?.edit((text) => act("edit", { message: message.id, text }, Infinity)),
  edited: () => composer.focus(),
  remove: (message) => confirmRemoval(message),
  jump: (id) => talk.jumpTo(id),
  enlarge: (address, name) => enlarge(address, name),
  resend: (message) => outbox.retry(message.entry),
  takeBack(message) {
    composer.takeBack(message);
    outbox.drop(message.entry);
  },
  sent: () => talk.pin(),
  stop,
  editLast,
  read: markRead,
  arranged: showWelcome,
  become: (person) => enter(person, recall(`chat.${person}`)),
  enter: (chat) => enter(view.person, chat),
  addPerson: () => byId("person-dialog").showModal(),
  behave: (name) => act("behaviour", { name }),
  fail: (name) => act("fault", { name }),
  chat: () => view.chat,
};

const talk = new Talk(room, outbox, hands);
const composer = new Composer(room, outbox, hands);
const sidebar = new Sidebar(room, hands);
const panel = new Panel(room, hands);
const menu = new Menu(room, hands);
const forms = new Forms(() => view);

const reacted = (message, emoji) =>
  Object.entries(message.reactions ?? {}).some(([key, people]) => plain(key) === plain(emoji) && people.includes(view.person));

// Where we are.

function enter(person, chat) {
  const chats = room.chatsOf(person);
  view.person = room.person(person) ? person : room.people[0]?.id;
  view.chat = (chats.find(({ id }) => id === chat) ?? room.chatsOf(view.person)[0])?.id;
  if (!view.chat) return;
  keep("person", view.person);
  keep(`chat.${view.person}`, view.chat);
  const { private: alone, title } = room.chat(view.chat);
  byId("chat-title").textContent = alone ? room.app.title || title : title;
  byId("chat-words").textContent = alone ? `as ${room.nameOf(view.person)}` : `${room.people.length} people and ${room.mention || "the bot"}, as ${room.nameOf(view.person)}`;
  talk.show(view.person, view.chat);
  composer.show(view.person, view.chat);
  panel.showCalls();
  forms.next();
  showRunning();
  markRead();
  document.body.classList.remove("side-open");
  if (matchMedia("(pointer: fine)").matches) composer.focus();
}

function markRead() {
  if (talk.pinned && !document.hidden && view.chat) room.markRead(view.person, view.chat);
  sidebar.show(view.person, view.chat);
  const unread = room.greeted ? room.people.reduce((sum, { id }) => sum + room.unreadOf(id), 0) : 0;
  document.title = `${unread ? `(${unread}) ` : ""}${room.app.title || "Parley"}`;
  byId("open-side").classList.toggle("unread", unread > 0);
}

let side = 0;
/** The side bar's previews and marks follow at their own pace, not with every frame. */
function markSoon() {
  side ||= setTimeout(() => {
    side = 0;
    markRead();
  }, 150);
}

function showWelcome(count) {
  const empty = byId("welcome");
  empty.hidden = count > 0;
  if (count === 0) empty.replaceChildren(...welcome(room.app, () => outbox.add({ ...view, text: "/start", files: [], reply_to: null })));
}

// What is being written for this person.

function growing() {
  const mine = (id) => !id || !room.messages.has(id) || room.messages.get(id).author === view.person;
  const alone = room.chat(view.chat)?.private;
  return room.seen(view.person, view.chat).filter((message) => message.growing && (alone || mine(message.reply_to)));
}

const isRunning = () => view.chat && (growing().length > 0 || room.statuses(view.chat).has(view.person));

function showRunning() {
  byId("stop").hidden = !isRunning();
}

function stop() {
  const stoppable = growing().map((message) => [message, message.buttons.find(({ name }) => name === "stop")]);
  const [message, button] = stoppable.findLast(([, found]) => found) ?? [];
  if (button) hands.press(message, button);
  else outbox.add({ ...view, text: "/stop", files: [], reply_to: null });
}

function editLast() {
  const last = room.seen(view.person, view.chat).findLast(({ author, text }) => author === view.person && text && !text.startsWith("/"));
  if (last) hands.edit(last);
  return Boolean(last);
}

document.addEventListener("keydown", (event) => {
  const busy = event.defaultPrevented || event.isComposing || menu.isOpen || document.querySelector("dialog[open]");
  if (event.key === "Escape" && !busy && isRunning()) stop();
});

// What the server tells.

room.on("hello", () => {
  dress(room.app);
  panel.showBehaviours();
  panel.showFaults();
  // Told anew after a break, the reader stays where they are, and whatever is open stays open.
  if (room.chat(view.chat)) talk.rearrange();
  else enter(recall("person"), recall(`chat.${recall("person")}`));
  panel.showCalls();
  showRunning();
  markRead();
  document.body.classList.remove("loading");
});

room.on("message", ({ message, before }) => {
  outbox.arrived(message.sent);
  const here = message.chat === view.chat;
  if (!here) return markSoon();
  if (before && before.only_for === message.only_for) talk.touch(message.id);
  else talk.rearrange();
  if (!before) talk.count(message);
  if (message.author !== view.person && !message.growing && (!before || before.growing)) speak(message);
  if (composer.replyTo === message.id) composer.showReply();
  showRunning();
  return markSoon();
});

room.on("grew", ({ message }) => {
  if (message?.chat === view.chat) talk.touch(message.id);
});

room.on("deleted", ({ before }) => {
  if (before?.chat === view.chat) talk.rearrange();
  if (composer.replyTo === before?.id) composer.showReply();
  showRunning();
  markSoon();
});

room.on("status", ({ chat }) => {
  if (chat !== view.chat) return;
  talk.touch(null);
  showRunning();
});

room.on("form", (op) => forms.add(op));
room.on("closed", (op) => forms.remove(op));
room.on("call", () => panel.showCalls());
room.on("fault", () => panel.showFaults());
room.on("behaviour", () => panel.showBehaviours());
room.on("people", () => markRead());

/** Only what is finished is read out: the frames of a growing answer would never end. */
function speak(message) {
  if (message.only_for && message.only_for !== view.person) return;
  const words = message.voice ? "Voice note" : wordsOf(message.html) || message.text;
  announce(`${message.name || room.nameOf(message.author)}: ${shortened(words, SPOKEN)}`);
}

// Dialogs.

function confirmRemoval(message) {
  const dialog = byId("remove-dialog");
  dialog.onclose = () => {
    if (dialog.returnValue === "remove") act("delete", { person: view.person, message: message.id });
    dialog.returnValue = "";
  };
  dialog.showModal();
}

function enlarge(address, name) {
  const picture = byId("enlarged");
  picture.src = address;
  picture.alt = name;
  byId("picture-dialog").showModal();
}

byId("picture-dialog").addEventListener("click", () => byId("picture-dialog").close());

byId("person-cancel").addEventListener("click", () => byId("person-dialog").close());
byId("person-form").addEventListener("submit", async () => {
  const name = byId("person-name").value.trim();
  byId("person-name").value = "";
  if (name) await act("people", { name });
});

// The line to the server.

const LINE = {
  open: "",
  waiting: "No connection. What you write is kept and goes when the playground is back.",
  expired: "This page belongs to a playground that has ended. Open the address it prints when it starts.",
};

let broken = 0;

function showLine(state) {
  byId("line").hidden = state === "open";
  byId("line").replaceChildren(icon("away"), LINE[state]);
}

const line = new Line(
  (op) => room.apply(op),
  (state) => {
    clearTimeout(broken);
    // A break that heals at once is nobody's business.
    if (state === "waiting") broken = setTimeout(showLine, 1_000, state);
    else showLine(state);
    if (state === "open") outbox.hurry();
  },
);

listenForTheme();
openDrawersOnDemand();
window.addEventListener("focus", markRead);
document.addEventListener("visibilitychange", markRead);
line.open();
outbox.resume();
