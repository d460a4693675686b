"""A chat on this machine: a page in the browser, and the platform behind it, in one process."""
