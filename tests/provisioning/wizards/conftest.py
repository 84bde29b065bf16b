from tests.provisioning.wizards.walking import network

__all__ = ["network"]
