"""The relational projection of the journals: SQLite by default, PostgreSQL by URL; rebuildable at any time."""
