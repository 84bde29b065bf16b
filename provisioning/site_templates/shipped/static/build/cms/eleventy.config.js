// Markdown in, pages out. What editors write is never a template of its own.
const site = {
  title: process.env.SITE_TITLE || "Site",
  language: process.env.SITE_LANGUAGE || "en",
};

function permalink({ page }) {
  const folder = page.filePathStem.split("/").at(-2);
  if (folder === "posts") return `/posts/${page.fileSlug}/`;
  if (page.fileSlug === "404") return "/404.html";
  return page.fileSlug === "home" ? "/" : `/${page.fileSlug}/`;
}

export default function (config) {
  config.addGlobalData("site", site);
  config.addGlobalData("layout", "page.njk");
  config.addGlobalData("eleventyComputed", { permalink });
  config.addCollection("posts", (all) =>
    all.getAllSorted().filter((one) => one.inputPath.includes("/posts/")).reverse(),
  );
  config.addFilter("day", (date) => date.toISOString().slice(0, 10));
  config.addPassthroughCopy({ "/content/uploads": "uploads" });
  config.setUseGitIgnore(false);
  return {
    dir: { input: "../content", output: "../public", includes: "../app/layouts" },
    templateFormats: ["md"],
    markdownTemplateEngine: false,
  };
}
