"""Operators release sites; admins provision and remove them, read their secrets and keep templates."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GIVEN = {
    "operator": ["operate_site"],
    "admin": ["operate_site", "manage_site", "reveal_site", "manage_sitetemplate"],
}


def give(apps, schema_editor):
    for label in ("sites", "provisioning"):
        config = apps.get_app_config(label)
        config.models_module = True  # permissions are otherwise made only after all migrations
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    for role, names in GIVEN.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(
            *permissions.filter(
                content_type__app_label__in=("sites", "provisioning"), codename__in=names
            )
        )


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0005_managed_sites"),
        ("sites", "0004_who_gives_roles"),
        ("provisioning", "0005_releases_and_templates"),
    ]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
