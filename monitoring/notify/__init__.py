"""Telling people elsewhere: by e-mail, webhooks, chat and push services."""
