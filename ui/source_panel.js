// The panel beside an answer, and the button that copies one. Everything shown is moved from the page as nodes, never as markup:
// what is text in the answer is text here.

const COPIED_MS = 2000;

export default function ({ parentElement, data }) {
  const panel = parentElement.querySelector(".fr-panel");
  const body = panel.querySelector(".fr-panel-body");
  const spoken = parentElement.querySelector(".fr-spoken");
  if (panel.dataset.conversation !== data.conversation) close(false);
  panel.dataset.conversation = data.conversation;

  function show(link) {
    const number = document.getElementById(link.hash.slice(1));
    const card = number && number.closest(".fr-source");
    if (!card) return;
    const n = link.textContent;
    const about = card.querySelector(".fr-about").cloneNode(true);
    const quotes = card.querySelector(".fr-quotes").cloneNode(true);
    quotes.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    const marks = quotes.querySelectorAll("mark");
    marks.forEach((mark) => {
      mark.classList.toggle("fr-this", mark.dataset.quotedBy.split(" ").includes(n));
    });
    quotes.querySelectorAll(".fr-whole").forEach((whole) => whole.classList.toggle("fr-other", whole.dataset.of !== n));
    panel.querySelector(".fr-panel-lead").textContent = "Source " + n;
    panel.setAttribute("aria-label", link.getAttribute("aria-label"));
    panel.querySelector(".fr-panel-about").replaceChildren(about);
    body.replaceChildren(quotes);
    panel.dataset.from = link.hash;
    panel.dataset.which = String(sameLinks(link.hash).indexOf(link));
    if (!panel.matches(":popover-open")) panel.showPopover();
    document.body.classList.add("fr-reading");
    marked(link.hash);
    panel.focus({ preventScroll: true });
    const first = quotes.querySelector("mark.fr-this");
    // Not scrollIntoView: that would scroll the page behind the panel as well.
    if (first) {
      const offset = first.getBoundingClientRect().top - body.getBoundingClientRect().top;
      body.scrollTop += offset - body.clientHeight / 3;
    }
  }

  function close(backToNumber) {
    if (!panel.matches(":popover-open")) return;
    panel.hidePopover();
    document.body.classList.remove("fr-reading");
    marked("");
    // While an answer grows, the number that was pressed has been drawn anew: the one in its place will do.
    const links = sameLinks(panel.dataset.from);
    if (backToNumber && links.length) (links[Number(panel.dataset.which)] || links[0]).focus();
  }

  function sameLinks(hash) {
    return [...document.querySelectorAll("a.fr-cite")].filter((link) => link.hash === hash);
  }

  function marked(hash) {
    document.querySelectorAll("a.fr-cite").forEach((link) => {
      if (hash && link.hash === hash) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  async function copy(button) {
    const words = button.dataset.words;
    try {
      await navigator.clipboard.writeText(words);
    } catch {
      // Without https there is no clipboard but the old one.
      const field = document.createElement("textarea");
      field.value = words;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    const label = button.dataset.label || (button.dataset.label = button.textContent);
    button.textContent = "Copied";
    spoken.textContent = "The answer is copied.";
    setTimeout(() => {
      button.textContent = label;
      spoken.textContent = "";
    }, COPIED_MS);
  }

  const over = new AbortController();
  const listening = { signal: over.signal };
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("a.fr-cite");
      const button = event.target.closest("button.fr-copy");
      if (button) copy(button);
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(link);
    },
    listening,
  );
  document.addEventListener("keydown", (event) => event.key === "Escape" && close(true), listening);
  panel.querySelector(".fr-close").addEventListener("click", () => close(true), listening);
  return () => {
    over.abort();
    // Another page was chosen: the panel is gone, and so is the room made for it.
    setTimeout(() => panel.isConnected || document.body.classList.remove("fr-reading"));
  };
}
