// A page of the site: drafts are seen by editors only.
export const Pages = {
  slug: "pages",
  admin: { useAsTitle: "title", defaultColumns: ["title", "slug", "_status"] },
  versions: { drafts: true, maxPerDoc: 20 },
  access: {
    read: ({ req }) => (req.user ? true : { _status: { equals: "published" } }),
  },
  fields: [
    { name: "title", type: "text", required: true },
    {
      name: "slug",
      type: "text",
      required: true,
      unique: true,
      index: true,
      admin: { position: "sidebar", description: "The address below /; “home” is the first page." },
      validate: (value) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value || "") || "Use a–z, 0–9, hyphens.",
    },
    { name: "summary", type: "textarea" },
    { name: "content", type: "richText" },
  ],
};
