import { mongooseAdapter } from "@payloadcms/db-mongodb";
import { lexicalEditor } from "@payloadcms/richtext-lexical";
import path from "node:path";
import { buildConfig } from "payload";
import sharp from "sharp";

import { Media } from "./collections/media.js";
import { Pages } from "./collections/pages.js";
import { Users } from "./collections/users.js";
import { firstContent } from "./first-content.js";

const address = process.env.SITE_URL || "";

export default buildConfig({
  serverURL: address,
  secret: process.env.PAYLOAD_SECRET || "",
  admin: {
    user: Users.slug,
    importMap: { baseDir: path.resolve(process.cwd(), "src") },
    meta: { titleSuffix: process.env.SITE_TITLE ? ` – ${process.env.SITE_TITLE}` : "" },
  },
  collections: [Users, Pages, Media],
  editor: lexicalEditor(),
  // One mongod without a replica set has no transactions.
  db: mongooseAdapter({ url: process.env.DATABASE_URI || "", transactionOptions: false }),
  csrf: address ? [address] : [],
  telemetry: false,
  sharp,
  onInit: firstContent,
});
