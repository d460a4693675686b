// Forms of the bot as a dialog. Whether the values are right is the server's word, field by field.

import { byId, make } from "./dom.js";
import { keep, recall } from "./kept.js";
import { newId, post, reason } from "./wire.js";

export class Forms {
  open = null;
  #waiting = [];

  constructor(now) {
    this.now = now;
    this.dialog = byId("form-dialog");
    this.form = byId("form");
    this.fields = byId("form-fields");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.form.addEventListener("input", () => keep(keyOf(this.open), this.#values()));
    byId("form-cancel").addEventListener("click", () => {
      keep(keyOf(this.open), null);
      this.dialog.close();
    });
    this.dialog.addEventListener("close", () => this.#closed());
  }

  add(opened) {
    // A fresh stream tells again of a form that is still to be answered.
    if (this.open && keyOf(this.open) === keyOf(opened)) return;
    this.#waiting = [...this.#waiting.filter((each) => keyOf(each) !== keyOf(opened)), opened];
    this.next();
  }

  /** It was answered or dismissed, here or in another tab. */
  remove({ person, chat, form }) {
    const key = keyOf({ person, chat, form: { id: form } });
    this.#waiting = this.#waiting.filter((each) => keyOf(each) !== key);
    if (this.open && keyOf(this.open) === key) this.#shut();
  }

  #shut() {
    this.open = null;
    this.dialog.close();
  }

  #closed() {
    // The event comes late: the next form may be open already.
    if (this.dialog.open) return;
    // Still open for us: the person closed it, and no tab needs to ask again.
    const { person, chat, form } = this.open ?? {};
    this.open = null;
    if (form) post("dismiss", { person, chat, form: form.id }, 0);
    this.next();
  }

  /** Show the next form of the person and chat that are in front. */
  next() {
    const { person, chat } = this.now();
    const index = this.#waiting.findIndex((each) => each.person === person && each.chat === chat);
    if (this.dialog.open || index < 0) return;
    const [opened] = this.#waiting.splice(index, 1);
    this.#show(opened);
  }

  #show(opened) {
    this.open = opened;
    const typed = recall(keyOf(opened), {});
    byId("form-title").textContent = opened.form.title;
    byId("form-submit").textContent = opened.form.submit || "Save";
    this.#say("");
    this.fields.replaceChildren(...opened.form.fields.map((field, index) => row(field, index, typed[field.name])));
    this.dialog.showModal();
  }

  #controls() {
    return [...this.fields.querySelectorAll("[name]")];
  }

  #values() {
    return Object.fromEntries(
      this.#controls().map((control) => [control.name, control.type === "checkbox" ? String(control.checked) : control.value]),
    );
  }

  async #submit() {
    const opened = this.open;
    const { person, chat, form } = opened;
    byId("form-submit").disabled = true;
    const answer = await post("submit", { id: newId(), person, chat, form: form.id, values: this.#values() }, 2);
    byId("form-submit").disabled = false;
    if (answer.ok) keep(keyOf(opened), null);
    // The server's word that it is answered may have come before this one.
    if (this.open !== opened) return;
    if (answer.ok) {
      this.#shut();
      return;
    }
    const faults = answer.status === 422 ? (answer.data.faults ?? {}) : {};
    this.#say(Object.keys(faults).length ? "" : reason(answer));
    this.#showFaults(faults);
  }

  #say(words) {
    byId("form-fault").textContent = words;
    byId("form-fault").hidden = !words;
  }

  #showFaults(faults) {
    for (const control of this.#controls()) {
      const line = byId(`${control.id}-fault`);
      const words = faults[control.name] ?? "";
      line.textContent = words;
      line.hidden = !words;
      control.setAttribute("aria-invalid", String(Boolean(words)));
    }
    this.#controls().find((control) => faults[control.name])?.focus();
  }
}

/** Whose it is, too: the same form is asked of everybody. */
const keyOf = ({ person, chat, form }) => `form.${person}.${chat}.${form.id}`;

function row(field, index, typed) {
  const id = `field-${index}`;
  const control = CONTROLS[field.kind](field);
  const value = typed ?? field.value;
  control.id = id;
  control.name = field.name;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-fault`);
  if (field.required) control.setAttribute("aria-required", "true");
  if (control.type === "checkbox") control.checked = value === "true";
  else control.value = value;
  const label = make("label", { for: id }, field.label, field.required ? make("span", { class: "required" }, "required") : null);
  const checkbox = field.kind === "checkbox";
  return make(
    "div",
    { class: checkbox ? "field check" : "field" },
    checkbox ? control : label,
    checkbox ? label : control,
    make("p", { class: "hint", id: `${id}-hint`, hidden: !field.hint }, field.hint),
    make("p", { class: "fault-line", id: `${id}-fault`, hidden: true }),
  );
}

const limit = ({ max_length }) => (max_length ? { maxlength: String(max_length) } : {});

const CONTROLS = {
  text: (field) => make("input", { type: "text", dir: "auto", autocomplete: "off", ...limit(field) }),
  paragraph: (field) => make("textarea", { rows: "4", dir: "auto", ...limit(field) }),
  number: () => make("input", { type: "text", inputmode: "decimal", autocomplete: "off" }),
  checkbox: () => make("input", { type: "checkbox" }),
  select: (field) =>
    make(
      "select",
      {},
      field.options.includes(field.value) && field.required ? null : make("option", { value: "" }, field.required ? "Choose one" : "None"),
      ...field.options.map((option) => make("option", { value: option }, option)),
    ),
};
