// What happens underneath: how the chat behaves, what goes wrong on purpose, every surface call.

import { byId, make, refill } from "./dom.js";
import { secondOf, tookWords } from "./words.js";

const NAMES = { ideal: "Ideal", telegram: "Like Telegram", slack: "Like Slack" };
const SLOW = 1_000; // ms at which the bar of a call is full

const limited = (outcome) => /^rate limited|429/.test(outcome);

export class Panel {
  #rows = new Map();
  #due = 0;

  constructor(room, hands) {
    Object.assign(this, { room, hands });
    this.list = byId("calls");
    this.onlyHere = byId("only-here");
    this.onlyHere.addEventListener("change", () => this.showCalls());
  }

  showBehaviours() {
    refill(
      byId("behaviours"),
      ...this.room.behaviours.map((name) => {
        const choose = make("input", { type: "radio", name: "behaviour", value: name, onchange: () => this.hands.behave(name) });
        choose.checked = name === this.room.behaviour;
        return make("label", {}, choose, make("span", {}, NAMES[name] ?? name));
      }),
    );
  }

  showFaults() {
    byId("fault-box").hidden = !this.room.sandbox || this.room.faults.length === 0;
    const current = this.room.fault;
    refill(
      byId("faults"),
      ...this.room.faults.map(({ name, words }) =>
        make(
          "button",
          { type: "button", class: "fault", "aria-pressed": String(name === current), title: words, onclick: () => this.hands.fail(name === this.room.fault ? "" : name) },
          name,
        ),
      ),
    );
    const chosen = this.room.faults.find(({ name }) => name === current);
    byId("fault-words").textContent = chosen ? `On: ${chosen.words}. Press again to end it.` : "Press one, then ask something.";
    byId("fault-box").classList.toggle("on", Boolean(chosen));
  }

  /** The list follows at most once a frame: a growing answer makes twenty calls a second. */
  showCalls() {
    this.#due ||= requestAnimationFrame(() => {
      this.#due = 0;
      this.#drawCalls();
    });
  }

  #drawCalls() {
    const chat = this.hands.chat();
    const calls = this.room.calls.filter((call) => !this.onlyHere.checked || call.chat === chat);
    const rows = calls.map((call) => this.#rows.get(call) ?? this.#row(call)).reverse();
    const kept = new Set(this.room.calls);
    for (const call of this.#rows.keys()) if (!kept.has(call)) this.#rows.delete(call);
    let present = this.list.firstChild;
    for (const row of rows) {
      if (row === present) present = present.nextSibling;
      else this.list.insertBefore(row, present);
    }
    while (present) {
      const next = present.nextSibling;
      present.remove();
      present = next;
    }
    const refused = calls.filter(({ outcome }) => limited(outcome)).length;
    byId("calls-words").textContent = calls.length ? `${calls.length} ${calls.length === 1 ? "call" : "calls"}, ${refused} rate limited` : "None yet. Ask something.";
    byId("calls-words").classList.toggle("bad", refused > 0);
  }

  #row(call) {
    const well = call.outcome === "ok";
    const where = this.room.chat(call.chat);
    const whom = where?.private ? this.room.nameOf(where.person) : where?.title;
    const about = [whom, call.detail].filter(Boolean).join(" · ");
    const row = make(
      "li",
      { class: well ? "call" : limited(call.outcome) ? "call limited" : "call failed", title: about },
      make("span", { class: "verb" }, call.verb),
      make("span", { class: "took" }, tookWords(call.took)),
      make("span", { class: "about" }, about),
      make("span", { class: "outcome" }, well ? "" : limited(call.outcome) ? `429 ${call.outcome}` : call.outcome),
      make("time", { datetime: new Date(call.at).toISOString() }, secondOf(call.at)),
    );
    row.style.setProperty("--took", `${Math.min(100, (call.took / SLOW) * 100)}%`);
    this.#rows.set(call, row);
    return row;
  }
}
