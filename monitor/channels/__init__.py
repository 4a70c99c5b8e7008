"""Notification channels: Telegram, Apprise, webhook, Atom, terminal."""
