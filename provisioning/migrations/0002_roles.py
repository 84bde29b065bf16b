"""The roles admin, operator and viewer, as groups that hold the verb table's permissions."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = {
    "sites": ["view_host", "view_site", "view_container"],
    "provisioning": ["view_operation"],
    "audit": ["view_entry"],
}
OPERATOR = {
    "sites": ["operate_container", "remove_container", "operate_host"],
    "provisioning": ["cancel_operation"],
}
ADMIN = {
    "sites": ["manage_host"],
    "audit": ["cleanup_entry", "verify_entry", "export_entry"],
    "auth": [f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("user", "group")],
}
ROLES = {"viewer": [VIEWER], "operator": [VIEWER, OPERATOR], "admin": [VIEWER, OPERATOR, ADMIN]}


def make_roles(apps, schema_editor):
    for label in ("sites", "provisioning", "audit", "auth"):
        # Permissions are otherwise made only after all migrations have run.
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    groups = apps.get_model("auth", "Group").objects
    for role, parts in ROLES.items():
        group, _ = groups.get_or_create(name=role)
        for part in parts:
            for label, names in part.items():
                group.permissions.add(
                    *permissions.filter(content_type__app_label=label, codename__in=names)
                )


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0001_initial"),
        ("sites", "0001_initial"),
        ("audit", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
