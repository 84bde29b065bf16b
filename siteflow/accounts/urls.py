"""Ways in, and each account's own pages. Names that begin with account_ and mfa_ are allauth's."""

from __future__ import annotations

from allauth.account.views import reauthenticate
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.contrib.auth.views import LogoutView
from django.urls import path

from siteflow.accounts.views.account import account
from siteflow.accounts.views.entrance import entrance
from siteflow.accounts.views.logins import end_login, end_other_logins
from siteflow.accounts.views.password import own_password
from siteflow.accounts.views.tokens import make_token, revoke_token

leave = LogoutView.as_view(template_name="registration/logged_out.html")
_FACTOR = "account/second-factor/"

urlpatterns = [
    path("admin/login/", entrance, name="account_login"),
    path("account/", account, name="account"),
    path("account/logout/", leave, name="account_logout"),
    path("account/password/", own_password, name="account_change_password"),
    path("account/logins/end/", end_other_logins, name="account_end_logins"),
    path("account/logins/<uuid:key>/end/", end_login, name="account_end_login"),
    path("account/tokens/", make_token, name="account_tokens"),
    path("account/tokens/<int:key>/revoke/", revoke_token, name="account_revoke_token"),
    path("account/confirm/", reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/login/code/", mfa.authenticate, name="mfa_authenticate"),
    path("account/login/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path(_FACTOR, mfa.index, name="mfa_index"),
    path(f"{_FACTOR}app/", totp.activate_totp, name="mfa_activate_totp"),
    path(f"{_FACTOR}app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(f"{_FACTOR}codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        f"{_FACTOR}codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path(f"{_FACTOR}passkeys/", mfa.index, name="mfa_list_webauthn"),
    path(f"{_FACTOR}passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(
        f"{_FACTOR}passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"
    ),
]
