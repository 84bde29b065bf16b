// Pictures and other files; they are kept in the volume `media`.
export const Media = {
  slug: "media",
  access: { read: () => true },
  upload: {
    staticDir: process.env.MEDIA_DIR || "/app/media",
    mimeTypes: ["image/avif", "image/gif", "image/jpeg", "image/png", "image/webp", "application/pdf"],
    imageSizes: [{ name: "thumbnail", width: 400 }],
    adminThumbnail: "thumbnail",
  },
  fields: [{ name: "alt", label: "What the picture shows", type: "text", required: true }],
};
