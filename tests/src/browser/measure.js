// What is true of the page in the frame, seen from outside: the page itself may run no script.
window.addEventListener("load", () => {
  const page = document.getElementById("frame").contentDocument;
  const view = page.defaultView;
  const root = page.documentElement;

  // Colours as [red, green, blue, alpha].
  const colour = text => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return parts.length === 3 ? [...parts, 1] : parts;
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = element => {
    if (!element) return [255, 255, 255, 1];
    const own = colour(view.getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  const light = ([red, green, blue]) => {
    const linear = [red, green, blue].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = element => {
    const [a, b] = [light(over(colour(view.getComputedStyle(element).color), ground(element))), light(ground(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };

  const all = [...page.body.querySelectorAll("*")].filter(e => e.getClientRects().length > 0);
  const speaking = all.filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim() !== ""));
  const inBox = e => e.closest(".box") !== null || e.closest(".hidden") !== null;
  const boxes = [...page.querySelectorAll(".box")];
  const verdict = page.querySelector("h1").getBoundingClientRect();
  const measured = {
    width: root.clientWidth,
    wide: root.scrollWidth,
    cut: all.filter(e => !inBox(e) && e.getBoundingClientRect().right > root.clientWidth + 0.5).map(e => e.outerHTML.slice(0, 120)),
    wideBoxes: boxes.filter(e => e.scrollWidth > e.clientWidth).length,
    stuckBoxes: boxes.filter(e => e.scrollWidth > e.clientWidth && (view.getComputedStyle(e).overflowX !== "auto" || e.tabIndex !== 0)).length,
    verdictTop: verdict.top,
    verdictBottom: verdict.bottom,
    paper: view.getComputedStyle(root).backgroundColor,
    contrast: Math.min(...speaking.map(contrast)),
    requests: view.performance.getEntriesByType("resource").map(e => e.name),
    scripts: page.scripts.length,
    pictures: page.querySelectorAll("img, iframe, object, embed, link, [src], [href]").length,
    bold: [...page.querySelectorAll("i")].length,
    language: root.lang,
    headings: [...page.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(e => Number(e.tagName[1])),
    headersWithoutScope: page.querySelectorAll("th:not([scope])").length,
    tables: page.querySelectorAll("table").length,
    bars: [...page.querySelectorAll("svg rect")].map(e => e.getBoundingClientRect().width),
    twins: [...page.querySelectorAll("[id]")].length - new Set([...page.querySelectorAll("[id]")].map(e => e.id)).size,
    text: page.body.innerText,
  };
  const ascii = JSON.stringify(measured).replace(/[<>&\u0080-\uffff]/g, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  document.getElementById("measured").textContent = ascii;
});
