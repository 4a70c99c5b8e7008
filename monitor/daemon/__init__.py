"""The daemon: schedule, visits, delivery and the bot in one asyncio loop."""
