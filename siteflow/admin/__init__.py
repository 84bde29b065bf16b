"""Accounts and roles in the console; pages that other packages bring along are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_q.admin  # noqa: F401  (registers its pages, so that they can be taken out)
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from audit.lookups import offered
from audit.record import Actor, record
from siteflow.accounts.admin_actions import log_out, take_off_factor
from siteflow.accounts.endings import end_everything

# The queue only rings for operations. Its own pages would let an account run any Python function.
for model in (Failure, OrmQ, Schedule, Success, User, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

# Rights on other packages' tables (sessions, the queue) have no page here and no meaning.
_OUR_APPS = ("audit", "auth", "monitoring", "provisioning", "sites")

if TYPE_CHECKING:  # generic to the type checker only
    _Recorded = admin.ModelAdmin[Any]
    _UserAdmin = UserAdmin[User]
    _ManyChoices = forms.ModelMultipleChoiceField[Any]
else:
    _Recorded, _UserAdmin, _ManyChoices = object, UserAdmin, forms.ModelMultipleChoiceField


class OnRecord(_Recorded):
    """Puts what Django's own history keeps of an account on SiteFlow's record as well."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _on_record(request, obj, "add", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _on_record(request, obj, "change", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _on_record(request, obj, "delete", None)
        return super().log_deletions(request, queryset)


class _Ticks(_ManyChoices):
    """Many values as boxes to tick; a permission is told by what it allows."""

    def label_from_instance(self, obj: Any) -> str:
        if isinstance(obj, Permission):
            return f"{obj.content_type.app_label}: {obj.name}"
        return str(obj)


def _ticks(rows: QuerySet[Any], help_text: str = "") -> _Ticks:
    return _Ticks(
        queryset=rows,
        required=False,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


@admin.register(User)
class AccountAdmin(OnRecord, _UserAdmin):
    """Roles are groups. Only a superuser makes or touches another superuser."""

    list_display = ("username", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("groups", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Roles", {"fields": ("is_active", "groups", "is_superuser")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    actions = (log_out, take_off_factor)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return offered(self.list_filter, lookup)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Disabling an account ends what came in by it: enabled again, it begins anew."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            end_everything(obj, why="disabled", actor=Actor.of_request(request, "console"))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """A password that is switched off is none that was set: its end is told here."""
        response = super().user_change_password(request, id, form_url)
        user = self.get_object(request, id)
        if request.method == "POST" and user is not None and not user.has_usable_password():
            actor = Actor.of_request(request, "console")
            end_everything(user, why="password switched off", actor=actor)
        return response

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            return _ticks(Group.objects.order_by("name"), "What the account may do.")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_superuser else (*own, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _within_reach(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A bulk deletion asks for no single object's right, so superusers are guarded here."""
        found = super().get_deleted_objects(objs, request)
        beyond = {str(obj) for obj in objs if not _within_reach(request, obj)}
        return (*found[:2], found[2] | beyond, found[3])


@admin.register(Group)
class RoleAdmin(OnRecord, GroupAdmin):
    filter_horizontal = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return offered(self.list_filter, lookup)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name == "permissions":
            rows = Permission.objects.filter(content_type__app_label__in=_OUR_APPS)
            return _ticks(rows.select_related("content_type"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def _within_reach(request: HttpRequest, obj: Any) -> bool:
    return request.user.is_superuser or not getattr(obj, "is_superuser", False)


def _on_record(request: HttpRequest, obj: Model, verb: str, message: Any) -> None:
    kind = obj._meta.model_name or ""
    record(
        phase="event",
        action=f"{kind}.{verb}",
        status="succeeded",
        actor=Actor.of_request(request, "console"),
        target_type=kind,
        target_id=obj.pk,
        target_name=str(obj),
        after={"changed": message} if message else None,
    )
