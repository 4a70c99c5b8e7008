"""Several processes on one PostgreSQL, each with a role: schedule, crawl, deliver or bot."""
