// Building and changing elements. No text of a person ever goes through an HTML parser here.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `properties` are attributes; `on…` keys are listeners, `false` and null are left out,
 * `true` is an empty attribute. Children are nodes or text.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  drawing.append(use);
  return drawing;
}

/** A button that shows only an icon: `label` is its name, and its tooltip. */
export function iconButton(name, label, onclick, properties = {}) {
  return make(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties },
    icon(name),
  );
}

export const byId = (id) => document.getElementById(id);

/** Other children; who was on one of the buttons stays on the one in its place. */
export function refill(element, ...children) {
  const buttons = () => [...element.querySelectorAll("button, input")];
  const at = buttons().indexOf(document.activeElement);
  element.replaceChildren(...children);
  if (at >= 0) (buttons()[at] ?? buttons().at(-1) ?? element.closest("[tabindex]"))?.focus();
}

/**
 * The server's safe HTML as nodes, with what a reader wants around them: a header and a copy button
 * over code, a frame in which a wide table scrolls.
 */
export function rendered(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const content = template.content;
  for (const element of content.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) {
      if (name === "style" || name.startsWith("on")) element.removeAttribute(name);
    }
  }
  for (const table of content.querySelectorAll("table")) {
    const frame = make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Table" });
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const block of content.querySelectorAll("pre")) frameCode(block);
  return content;
}

/** What the HTML says, without its marks. */
export function wordsOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.textContent;
}

function frameCode(block) {
  const language = /language-([\w+#.-]+)/.exec(block.querySelector("code")?.className ?? "")?.[1];
  const frame = make("div", { class: "code" });
  block.replaceWith(frame);
  block.tabIndex = 0;
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", language ? `Code in ${language}` : "Code");
  frame.append(
    make(
      "div",
      { class: "code-head" },
      make("span", {}, language ?? "code"),
      make("button", { type: "button", class: "copy-code" }, "Copy"),
    ),
    block,
  );
}

/** Make the children of `target` like those of `wanted`, touching only what differs. */
export function morph(target, wanted) {
  let present = target.firstChild;
  for (const node of [...wanted.childNodes]) {
    if (!present) {
      target.append(node);
      continue;
    }
    const next = present.nextSibling;
    if (!sameKind(present, node)) present.replaceWith(node);
    else if (present.nodeType === Node.TEXT_NODE) changeText(present, node.data);
    else if (!present.isEqualNode(node)) {
      matchAttributes(present, node);
      morph(present, node);
    }
    present = next;
  }
  while (present) {
    const next = present.nextSibling;
    present.remove();
    present = next;
  }
}

const sameKind = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;

function changeText(node, text) {
  if (node.data === text) return;
  // Appending leaves a reader's selection where it is; setting the text would drop it.
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}

function matchAttributes(present, wanted) {
  for (const { name } of [...present.attributes]) {
    if (!wanted.hasAttribute(name)) present.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
}

/** Say something to a screen reader, once it has said what it is saying. */
export function announce(words) {
  const line = make("p", {}, words);
  byId("announcer").append(line);
  // Long enough for slow readers to have taken it; the list would grow for ever otherwise.
  setTimeout(() => line.remove(), 20_000);
}

/** A passing sentence at the foot of the page. */
export function toast(words) {
  const line = make("p", { class: "toast" }, words);
  byId("toasts").append(line);
  setTimeout(() => line.remove(), 6_000);
}

export async function copyText(text, button, done = "Copied") {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = done;
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => (button.textContent = before), 1_500);
}
