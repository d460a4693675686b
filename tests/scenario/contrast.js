(least) => {
  // Text against the ground it stands on, as WCAG 2 counts it; see-through grounds are laid over.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const numbers = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { color: [red, green, blue], alpha: alpha / 255 };
  };
  const over = (top, below) => top.color.map((part, at) => part * top.alpha + below[at] * (1 - top.alpha));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = numbers(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.color : over(own, ground(element.parentElement));
  };
  const luminance = (color) => {
    const [red, green, blue] = color.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const result = { tried: 0, faint: [] };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    const seen = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!text || !seen || /^\p{Extended_Pictographic}/u.test(text) || element.closest(":disabled, [aria-disabled=true]")) continue;
    const below = ground(element);
    const ink = over(numbers(getComputedStyle(element).color), below);
    const [light, dark] = [luminance(ink), luminance(below)].sort((one, other) => other - one);
    const contrast = (light + 0.05) / (dark + 0.05);
    result.tried += 1;
    if (contrast < least) result.faint.push(`${contrast.toFixed(2)} ${element.className} ${text.slice(0, 30)}`);
  }
  return result;
}
