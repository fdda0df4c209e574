"""Alembic migrations of the store, oldest first; they run from the installed package."""
