"""The database: tables, queries, views."""
