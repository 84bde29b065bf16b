"""Checks that only decide what a page offers or tells of what is not secret.

Turned off, nobody can do more: what is offered is asked for again where it is done. A line that
matches no check any more has to go: it fails the run.
"""

from __future__ import annotations

from typing import Final

_BUTTON: Final = "offers a button; the verb asks the engine again"
_LINK: Final = "makes a name a link; the page it leads to asks for itself"
_OWN_LIST: Final = "shows which of an account's own logins and tokens still count"
_ENTRIES: Final = "offers the latest entries; they are filtered where they are read"
_INDEX: Final = "lists an app's pages; Django leaves out those that may not be seen all the same"
_USERS: Final = "names who uses a thing of a host one sees; no role sees one without the other"
_SUBJECT: Final = "tells what the account may do that the page is about"
_EDITS: Final = "offers to change or delete; the page that does it asks again"

# (file, part of the check's text, why)
DISPLAY: Final[tuple[tuple[str, str, str], ...]] = (
    ("siteflow/console.py", "may_somewhere(user, item.permission)", "lines of the menu"),
    ("siteflow/console.py", "may(user, item.permission)", "lines of the menu"),
    ("siteflow/console.py", "may_somewhere(request.user, 'provisioning.view_operation')",
     "offers the tab and its link; the rows are filtered where they are read"),
    ("siteflow/console.py", "may_somewhere(request.user, 'monitoring.manage_channel')", _LINK),
    ("siteflow/admin/channels.py", "has_add_permission asks: self.has_view_permission(", _BUTTON),
    ("siteflow/console.py", "may_somewhere(request.user, 'audit.view_entry')",
     "offers the tab and its link; the rows are filtered where they are read"),
    ("siteflow/accounts/views/password.py", "hold_of(", "a sentence above the form"),
    ("siteflow/accounts/frame.py", "hold_of(", "hides the menu; its pages ask for themselves"),
    ("siteflow/overview/shown.py", "may(user, 'sites.manage_host')", _BUTTON),
    ("provisioning/buttons.py", "covers(", _BUTTON),
    ("siteflow/templatetags/console.py", "covers(", _BUTTON),
    ("sites/admin/hosts.py", "may(request.user, 'sites.manage_host')", _BUTTON),
    ("sites/admin/hosts.py", "reach(request.user, 'sites.manage_host')", _BUTTON),
    ("sites/admin/hosts.py", "may(request.user, 'sites.manage_tag')", _BUTTON),
    ("sites/admin/hosts.py", "may_on(request.user, 'sites.manage_host', row)", _BUTTON),
    ("sites/admin/hosts.py", "may_on(request.user, 'sites.operate_host', row)", _BUTTON),
    ("sites/admin/sites.py", "may(request.user, 'sites.manage_tag')", _BUTTON),
    ("sites/admin/rollouts.py", "may_on(request.user, MANAGE, one.site)", _BUTTON),
    ("sites/admin/sites.py", "may_somewhere(request.user, 'sites.manage_site')", _BUTTON),
    ("sites/admin/site_tabs.py", "may_on(request.user, 'sites.manage_site', site)", _BUTTON),
    ("sites/admin/site_tabs.py", "may_on(request.user, 'sites.operate_site', site)", _BUTTON),
    ("sites/admin/site_tabs.py", "may_on(request.user, 'sites.reveal_site', site)", _BUTTON),
    ("sites/admin/site_verbs.py", "may_on(request.user, verb.permission, site)",
     "spares a look at the host; the page that would show it asks again"),
    ("sites/admin/templates.py", "gallery_view asks: may(request.user, MANAGE)", _BUTTON),
    ("sites/admin/templates.py", "one_view asks: may(request.user, MANAGE)", _BUTTON),
    ("sites/admin/sites.py", "may_on(request.user, 'sites.view_host', row.host)", _LINK),
    ("sites/admin/containers.py", "may_on(request.user, 'sites.view_host', row.host)", _LINK),
    ("sites/admin/certificates.py", "may_on(request.user, 'sites.view_host', row.host)", _LINK),
    ("sites/admin/backups.py", "may_on(request.user, 'sites.view_host', row.site.host)", _LINK),
    ("sites/admin/backups.py", "may_on(request.user, 'sites.view_host', row.source.nas)", _LINK),
    ("sites/admin/backups.py", "may_somewhere(request.user, 'sites.manage_host')",
     "the words of an empty list"),
    ("sites/admin/domains.py", "may_on(request.user, MANAGE, row)", _BUTTON),
    ("sites/admin/domains.py", "may_on(request.user, 'sites.view_host', row.host)", _LINK),
    ("sites/admin/host_things.py", "may_on(request.user, 'sites.manage_host', row)", _BUTTON),
    ("provisioning/things/telling.py", "Container.objects.visible_to(user)", _USERS),
    ("provisioning/things/telling.py", "Site.objects.visible_to(user)", _USERS),
    ("provisioning/things/owning.py", "Site.objects.visible_to(user)", _USERS),
    ("provisioning/things/owning.py", "Quarantine.objects.visible_to(user)",
     "names a removed site to who may undo that; who sees the host is told its volumes"),
    ("sites/admin/host_proxy.py", "may_on(request.user, 'sites.manage_site', row)", _BUTTON),
    ("sites/admin/host_proxy.py", "Site.objects.visible_to(request.user)",
     "makes a domain's site a link; who sees a host is told its domains"),
    ("sites/admin/hosts.py", "may_on(request.user, verb.permission, row)",
     "spares a look at the host; the page that would show it asks again"),
    ("sites/admin/templates.py", "may_somewhere(request.user, 'sites.manage_site')", _BUTTON),
    ("siteflow/admin/alerts.py", "around asks: may(request.user, MANAGE)", _LINK),
    ("siteflow/admin/alerts.py", "row_page asks: may(request.user, MANAGE)", _LINK),
    ("siteflow/admin/alerts.py", "may_on(request.user, ACTED_ON_BY[", _BUTTON),
    ("monitoring/alerts/shown.py", "reach(user, 'sites.view_container')",
     "names the containers of a host or site that one sees; no role sees one without the other"),
    ("provisioning/admin.py", "may_on(request.user, 'provisioning.cancel_operation'", _BUTTON),
    ("siteflow/admin/groups.py", "change_view asks: self.has_change_permission(", _EDITS),
    ("siteflow/admin/groups.py", "change_view asks: self.has_delete_permission(", _EDITS),
    ("siteflow/admin/users.py", "change_view asks: self.has_change_permission(", _EDITS),
    ("siteflow/admin/user_page.py", "may(request.user, 'sites.manage_grant')", _EDITS),
    ("siteflow/admin/user_page.py", "may(request.user, 'auth.delete_user')", _EDITS),
    ("siteflow/admin/user_page.py", "hold_of(", "tells what the account has to do first"),
    ("siteflow/admin/can_page.py", "hold_of(", "tells what the account has to do first"),
    ("siteflow/accounts/views/account.py", ".open(now=", _OWN_LIST),
    ("siteflow/accounts/views/account.py", ".valid(now=", _OWN_LIST),
    ("siteflow/admin/user_page.py", ".open(now=", _OWN_LIST),
    ("siteflow/admin/user_page.py", ".valid(now=", _OWN_LIST),
    ("siteflow/admin/can_page.py", ".valid(now=", _OWN_LIST),
    ("siteflow/people/subject.py", "reach(self.user, permission)", _SUBJECT),
    ("siteflow/people/subject.py", "may_on(self.user, permission, thing)", _SUBJECT),
    ("siteflow/people/subject.py", "may(self.user, permission)", _SUBJECT),
    ("siteflow/people/subject.py", "one.reach.covers(", _SUBJECT),
    ("siteflow/accounts/api.py", "_permissions reach: reach(user, name)",
     "tells an account what it holds itself"),
    ("siteflow/accounts/endings.py", ".open(now=", "an ended login is not ended once more"),
    ("siteflow/admin/group_page.py", "may_somewhere(request.user, 'audit.view_entry')", _ENTRIES),
    ("siteflow/admin/user_page.py", "may_somewhere(request.user, 'audit.view_entry')", _ENTRIES),
    ("sites/admin/host_wizard.py", "own asks: may(request.user, 'sites.manage_host')",
     "offers to go on with a wizard; its page asks again"),
    ("sites/admin/reading.py", "has_module_permission asks: may_somewhere(", _INDEX),
    ("provisioning/admin.py", "has_module_permission asks: may_somewhere(", _INDEX),
    ("audit/admin.py", "has_module_permission asks: self.has_view_permission(", _INDEX),
    ("provisioning/acting.py", "_refused refusal: if error.status == 403",
     "chooses the page that tells a refusal; what was asked for is not done and the status stays"),
)  # fmt: skip
