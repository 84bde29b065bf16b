// Run at each start: a site is never without an editor's account, or open for whoever comes first.
export async function firstContent(payload) {
  const email = process.env.ADMIN_EMAIL;
  const password = process.env.ADMIN_PASSWORD;
  const { totalDocs: accounts } = await payload.count({ collection: "users" });
  if (accounts === 0 && email && password) {
    await payload.create({ collection: "users", data: { email, password } });
  }
  const { totalDocs: pages } = await payload.count({ collection: "pages" });
  if (pages === 0) {
    const title = process.env.SITE_TITLE || "Home";
    const summary = "This page is yours to change: log in at /admin.";
    const data = { title, slug: "home", summary, _status: "published" };
    await payload.create({ collection: "pages", data });
  }
}
