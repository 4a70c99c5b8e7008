"""The Telegram bot: commands and callbacks."""
