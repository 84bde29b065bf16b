import config from "@payload-config";
import { RichText } from "@payloadcms/richtext-lexical/react";
import { notFound } from "next/navigation";
import { getPayload } from "payload";

export default async function Page({ params }) {
  const { slug = ["home"] } = await params;
  const page = slug.length === 1 ? await published(slug[0]) : null;
  if (!page) notFound();
  return (
    <article>
      <h1>{page.title}</h1>
      {page.summary && <p>{page.summary}</p>}
      {page.content && <RichText data={page.content} />}
    </article>
  );
}

async function published(slug) {
  const payload = await getPayload({ config });
  const where = { slug: { equals: slug }, _status: { equals: "published" } };
  const { docs } = await payload.find({ collection: "pages", where, limit: 1 });
  return docs[0];
}
