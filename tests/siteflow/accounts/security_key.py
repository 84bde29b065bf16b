"""A security key made of software: it signs what it is asked, touched or verified as told."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from typing import Any, Final

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth.models import User
from django.utils.http import int_to_base36
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN: Final = "https://testserver"
_RP: Final = sha256(b"testserver").digest()
_FLAG = AuthenticatorData.FLAG


class SecurityKey:
    """Registered for one account; ``verifies`` is whether it also checks a PIN or a finger."""

    def __init__(self, user: User, *, verifies: bool) -> None:
        self._user, self._verifies = user, verifies
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._id = secrets.token_bytes(16)
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "key", "credential": self._registration()},
        )

    def answer(self, request_options: dict[str, Any], *, user: User | None = None) -> str:
        """What the browser posts: the challenge, signed. ``user`` is whose it claims to be."""
        challenge = request_options["publicKey"]["challenge"]
        client = CollectedClientData.create("webauthn.get", challenge, ORIGIN)
        data = AuthenticatorData.create(_RP, self._flags(), 1)
        signature = self._private.sign(data + client.hash, ec.ECDSA(SHA256()))
        handle = websafe_encode(int_to_base36((user or self._user).pk).encode())
        return json.dumps(
            self._described(
                clientDataJSON=websafe_encode(client),
                authenticatorData=websafe_encode(data),
                signature=websafe_encode(signature),
                userHandle=handle,
            )
        )

    def _flags(self) -> Any:
        return _FLAG.UP | _FLAG.UV if self._verifies else _FLAG.UP

    def _registration(self) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self._private.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(Aaguid.NONE, self._id, public)
        data = AuthenticatorData.create(_RP, self._flags() | _FLAG.AT, 0, bytes(credential))
        client = CollectedClientData.create("webauthn.create", b"challenge", ORIGIN)
        made = AttestationObject.create("none", data, {})
        return self._described(
            clientDataJSON=websafe_encode(client), attestationObject=websafe_encode(made)
        )

    def _described(self, **response: str) -> dict[str, Any]:
        key = websafe_encode(self._id)
        return {
            "id": key, "rawId": key, "type": "public-key", "response": response,
            "clientExtensionResults": {},
        }  # fmt: skip
