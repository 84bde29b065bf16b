"""What the site needs before it serves: tables, the first account and the first page."""

import os

import django
from django.core.management import call_command
from django.db import connection

LOCK = 7_471_001  # of this program, among the database's advisory locks


def main() -> None:
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            call_command("migrate", verbosity=1, interactive=False)
            _first_account()
            _first_page()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _first_account() -> None:
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    if not users.exists():
        password = os.environ["ADMIN_PASSWORD"]
        users.create_superuser("admin", os.environ["ADMIN_EMAIL"], password)


def _first_page() -> None:
    from wagtail.models import Page, Site

    from website.home.models import SitePage

    if SitePage.objects.exists():
        return
    Site.objects.all().delete()
    Page.objects.filter(depth=2).delete()
    title = os.environ.get("SITE_TITLE") or "Home"
    root = Page.objects.get(depth=1)
    page = root.add_child(instance=SitePage(title=title, slug="home", body=_WELCOME))
    hostname = os.environ.get("SITE_DOMAIN") or "localhost"
    Site.objects.create(
        hostname=hostname, port=443, root_page=page, is_default_site=True, site_name=title
    )


_WELCOME = '<p>This page is yours to change: log in at <a href="/admin/">/admin/</a>.</p>'

if __name__ == "__main__":
    main()
