"""Pages on which one logs in and out, and those of one's own account."""

from __future__ import annotations

from typing import Final

from tests.siteflow.matrix.page_kinds import (
    GUARDED,
    HELD,
    NOT_BY_POST,
    OPEN_TO_ROLES,
    of_own,
    only_sent,
    open_to_all,
)
from tests.siteflow.matrix.rows import Page, Row

_CONFIRM_FIRST: Final = Row(302)  # the password again, as it was given long ago

OWN_PAGES: Final[dict[str, Page]] = {
    # logging in and out
    "admin/login/": Page(
        Row(302, page=True, outside=200, while_held=HELD),
        Row(200, page=True, open=True, while_held=HELD),
    ),
    "admin/logout/": Page(
        Row(405, page=True, outside=302, while_held=HELD),
        Row(200, page=True, outside=302, while_held=HELD, ends=True),
    ),
    "admin/password_change/": OPEN_TO_ROLES,
    "admin/password_change/done/": NOT_BY_POST,
    "account/logout/": open_to_all(Row(405), Row(200, ends=True), held=HELD),
    "account/login/code/": of_own(Row(302)),
    "account/login/passkey/": open_to_all(Row("login"), Row("login")),
    # one's own account
    "account/": of_own(Row(200)),
    "account/password/": of_own(Row(200), held=HELD),
    "account/confirm/": of_own(Row(200), held=GUARDED),
    "account/confirm/code/": of_own(Row(302), held=GUARDED),
    "account/confirm/passkey/": of_own(Row(302), held=GUARDED),
    "account/logins/end/": only_sent(Row(302, changes=True)),
    "account/logins/<uuid:key>/end/": only_sent(Row(302, sees="mine", kind="login", changes=True)),
    "account/tokens/": of_own(
        Row(302), Row(200, body={"name": "ci", "scopes": "read"}, changes=True)
    ),
    "account/tokens/<int:key>/revoke/": only_sent(
        Row(302, sees="mine", kind="token", changes=True)
    ),
    "account/second-factor/": of_own(Row(200), Row(405), held=GUARDED),
    "account/second-factor/app/": of_own(_CONFIRM_FIRST, held=GUARDED),
    "account/second-factor/app/remove/": of_own(Row(404), held=GUARDED),
    "account/second-factor/codes/": of_own(Row(404), Row(405), held=GUARDED),
    "account/second-factor/codes/new/": of_own(_CONFIRM_FIRST, held=GUARDED),
    "account/second-factor/passkeys/": of_own(Row(200), Row(405), held=GUARDED),
    "account/second-factor/passkeys/add/": of_own(_CONFIRM_FIRST, held=GUARDED),
    "account/second-factor/passkeys/<int:pk>/remove/": of_own(
        Row(302, kind="token", hidden=302), held=GUARDED
    ),
}
