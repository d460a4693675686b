// What this browser remembers. Storage may be full or forbidden; the page then works without.

const PREFIX = "parley.";

export function recall(key, fallback = null) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/** Keep `value` under `key`; null or "" forgets it. */
export function keep(key, value) {
  try {
    if (value === null || value === "") localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Nothing typed is lost while the page stays open.
  }
}

/** Every value kept under a key that begins so. */
export function recallAll(prefix) {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + prefix))
      .map((key) => recall(key.slice(PREFIX.length)))
      .filter((value) => value !== null);
  } catch {
    return [];
  }
}
