// Runs before the first paint, so that a page kept dark never flashes white.
try {
  const theme = JSON.parse(localStorage.getItem("parley.theme") ?? "null");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's scheme it is.
}
