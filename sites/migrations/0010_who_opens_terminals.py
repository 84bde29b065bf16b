"""Operators and admins open terminals in containers; admins on hosts too, and replay them."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GIVEN = {
    "operator": ["exec_container"],
    "admin": ["exec_container", "open_terminal", "replay_terminal"],
}


def give(apps, schema_editor):
    config = apps.get_app_config("sites")
    config.models_module = True  # permissions are otherwise made only after all migrations
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    for role, names in GIVEN.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(
            *permissions.filter(content_type__app_label="sites", codename__in=names)
        )


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0009_terminals"),
        ("provisioning", "0002_roles"),
    ]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
