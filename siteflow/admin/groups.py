"""Roles and groups of people: what a role allows, who holds it where, who is in a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.lookups import offered
from siteflow.admin.group_page import GROUP_ACTS, group_page
from siteflow.admin.on_record import PLAIN_FORM, OnRecord, ticks
from siteflow.admin.user_acts import act_on
from siteflow.people.guards import BUILT_IN
from sites.admin.reading import found_or_404
from sites.models import Grant
from sites.rights import may

# Rights on other packages' tables (sessions, the queue) have no page here and no meaning.
_OUR_APPS = ("audit", "auth", "monitoring", "provisioning", "sites")
_GIVE = "sites.manage_grant"

if TYPE_CHECKING:  # generic to the type checker only
    _GroupAdmin = GroupAdmin
else:
    _GroupAdmin = GroupAdmin


@admin.register(Group)
class RoleAdmin(OnRecord, _GroupAdmin):
    """A group that holds permissions is a role; the three that come with SiteFlow stay."""

    list_display = ("name", "kind", "members", "held")
    list_per_page = 50
    show_full_result_count = False
    filter_horizontal = ()
    change_list_template = "people/groups.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return offered(self.list_filter, lookup)

    @admin.display(description="kind", ordering="-allowed")
    def kind(self, group: Group) -> str:
        return ""

    @admin.display(description="members", ordering="-people")
    def members(self, group: Group) -> str:
        return ""

    @admin.display(description="holds")
    def held(self, group: Group) -> str:
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        given = Grant.objects.select_related("role", "host", "site__host", "tag")
        return (
            Group.objects.annotate(
                allowed=Count("permissions", distinct=True), people=Count("user", distinct=True)
            )
            .prefetch_related(Prefetch("grant_set", given, to_attr="holds"))
            .order_by("name")
        )

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name == "permissions":
            rows = Permission.objects.filter(content_type__app_label__in=_OUR_APPS)
            return ticks(rows.select_related("content_type"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Code and settings know the three by their names."""
        return ("name",) if _is_built_in(obj) else ()

    # -- pages -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/do/<slug:what>/", wrap(self.do_view), name="auth_group_do"),
            path("<path:object_id>/edit/", wrap(self.edit_view), name="auth_group_edit"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        group = self._found(request, object_id)
        return group_page(
            request,
            group,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "may_change": self.has_change_permission(request, group),
                "may_delete": self.has_delete_permission(request, group),
            },
        )

    def edit_view(self, request: HttpRequest, object_id: str) -> Any:
        if not self.has_change_permission(request, self._found(request, object_id)):
            raise PermissionDenied
        return self.changeform_view(request, object_id, "", PLAIN_FORM)

    def do_view(self, request: HttpRequest, key: int, what: str) -> HttpResponse:
        group = self._found(request, key)
        page = reverse("admin:auth_group_change", args=[group.pk])
        allowed = self.has_change_permission(request, group)
        return act_on(request, group, what, GROUP_ACTS.get(what), allowed=allowed, back=page)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:auth_group_change", args=[obj.pk]))

    def _found(self, request: HttpRequest, key: Any) -> Group:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return found_or_404(self.get_queryset(request), key)

    # -- who may -----------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and may(request.user, _GIVE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a role allows, and who is in a group, are rights that are given."""
        return super().has_change_permission(request, obj) and may(request.user, _GIVE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj) and may(request.user, _GIVE)
        return allowed and not _is_built_in(obj)


def _is_built_in(group: Any) -> bool:
    return group is not None and group.name in BUILT_IN
