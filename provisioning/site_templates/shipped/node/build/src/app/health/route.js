import config from "@payload-config";
import { getPayload } from "payload";

export const dynamic = "force-dynamic";

// 200 once the database answers: `getPayload` connects, and the count asks it anew each time.
export async function GET() {
  try {
    const payload = await getPayload({ config });
    await payload.count({ collection: "pages" });
    return new Response("ok\n");
  } catch {
    return new Response("the database does not answer\n", { status: 503 });
  }
}
