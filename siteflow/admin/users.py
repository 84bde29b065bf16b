"""The list of accounts, the page of one, and what can be done there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from audit.lookups import offered
from siteflow.accounts.admin_actions import log_out
from siteflow.admin.can_page import can_page
from siteflow.admin.new_account import add_page
from siteflow.admin.on_record import PLAIN_FORM, OnRecord, ticks
from siteflow.admin.password_page import password_page
from siteflow.admin.user_acts import do
from siteflow.admin.user_page import user_page
from siteflow.people.guards import within_reach
from siteflow.people.telling import account_rows
from sites.admin.reading import found_or_404
from sites.rights import may

if TYPE_CHECKING:  # generic to the type checker only
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin


@admin.register(User)
class AccountAdmin(OnRecord, _UserAdmin):
    """Roles are groups or grants. Only a superuser makes or touches another superuser."""

    list_display = ("username", "roles", "factor", "tokens", "last_login_at")
    list_filter = ("groups", "is_active", "is_superuser")
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "people/list.html"
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("Rights", {"fields": ("groups", "is_superuser")}),
    )
    filter_horizontal = ()
    actions = (log_out,)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return offered(self.list_filter, lookup)

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ""

    @admin.display(description="second factor", ordering="factor")
    def factor(self, user: User) -> str:
        return ""

    @admin.display(description="tokens", ordering="-tokens")
    def tokens(self, user: User) -> str:
        return ""

    @admin.display(description="last login", ordering=F("last_login").desc(nulls_last=True))
    def last_login_at(self, user: User) -> str:
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return account_rows()

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            return ticks(Group.objects.order_by("name"), "Roles for everything, and teams.")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Groups are added on their own page."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups" and field is not None:
            field.widget.can_add_related = False
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever puts accounts into groups gives roles."""
        groups = () if may(request.user, "sites.manage_grant") else ("groups",)
        return groups if request.user.is_superuser else (*groups, "is_superuser")

    # -- pages -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/can/", wrap(self.can_view), name="auth_user_can"),
            path("<int:key>/do/<slug:what>/", wrap(self.do_view), name="auth_user_do"),
            path("<path:object_id>/edit/", wrap(self.edit_view), name="auth_user_edit"),
        ]
        return own + super().get_urls()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        return add_page(request, self._frame(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        user = self._found(request, object_id)
        may_change = self.has_change_permission(request, user)
        return user_page(request, user, self._frame(request, may_change=may_change))

    def edit_view(self, request: HttpRequest, object_id: str) -> Any:
        if not self.has_change_permission(request, self._found(request, object_id)):
            raise PermissionDenied
        return self.changeform_view(request, object_id, "", PLAIN_FORM)

    def can_view(self, request: HttpRequest, key: int) -> TemplateResponse:
        return can_page(request, self._found(request, key), self._frame(request))

    def do_view(self, request: HttpRequest, key: int, what: str) -> HttpResponse:
        user = self._found(request, key)
        return do(request, user, what, allowed=self.has_change_permission(request, user))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        user = self._found(request, id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        return password_page(request, user, self._frame(request))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[obj.pk]))

    def _found(self, request: HttpRequest, key: Any) -> User:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return found_or_404(account_rows(), key)

    def _frame(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, **values}

    # -- who may -----------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and within_reach(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and within_reach(request.user, obj)
