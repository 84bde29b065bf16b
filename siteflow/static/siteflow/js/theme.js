// Loaded before the page is painted, so that it never flashes in the other colours.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("siteflow.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("siteflow.density") === "compact") root.dataset.density = "compact";
  } catch {
    // no storage: the system's wish counts
  }
})();
