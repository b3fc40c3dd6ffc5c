"""How the database came to its present form, one revision a change; run by `registry.database.engine`."""
