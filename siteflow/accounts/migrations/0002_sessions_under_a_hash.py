"""Sessions that are open stay open: their rows get the names they would be given now."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from siteflow.accounts.session_store import stored


def hash_keys(apps: Any, editor: Any) -> None:
    for session in apps.get_model("sessions", "Session").objects.all():
        key = session.session_key
        session.delete()
        session.session_key = stored(key)
        session.save(force_insert=True)
    logins = apps.get_model("accounts", "Login").objects.exclude(session_key="")
    for login in logins:
        login.session_key = stored(login.session_key)
        login.save(update_fields=["session_key"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_ways_in"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(hash_keys, migrations.RunPython.noop)]
