// The theme button, which remembers, and the filter of the index. Everything else is plain HTML.
const root = document.documentElement;
const memory = (() => { try { return localStorage; } catch { return {}; } })();
root.style.colorScheme = memory.theme ?? "";

addEventListener("DOMContentLoaded", () => {
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.style.colorScheme ? root.style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.style.colorScheme = dark ? "light" : "dark";
    memory.theme = root.style.colorScheme;
  });
  document.querySelector(".side .here")?.scrollIntoView({ block: "nearest" });

  const find = document.querySelector(".find");
  if (!find) return;
  const show = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const folder of document.querySelectorAll(".folder")) {
      let any = false;
      for (const card of folder.querySelectorAll("li")) {
        card.hidden = !card.textContent.toLowerCase().includes(wanted);
        any ||= !card.hidden;
      }
      folder.hidden = !any;
    }
  };
  const followKeyword = () => {
    find.value = decodeURIComponent(location.hash.slice(1));
    show();
    if (find.value) find.scrollIntoView();
  };
  find.addEventListener("input", show);
  addEventListener("hashchange", followKeyword);
  followKeyword();
});
