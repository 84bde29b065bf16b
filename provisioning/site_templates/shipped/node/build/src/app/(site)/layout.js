import "./site.css";

export const dynamic = "force-dynamic";
export const generateMetadata = () => ({ title: process.env.SITE_TITLE || "Site" });

export default function Layout({ children }) {
  return (
    <html lang={process.env.SITE_LANGUAGE || "en"}>
      <body>
        <header>
          <a href="/">{process.env.SITE_TITLE || "Site"}</a>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
