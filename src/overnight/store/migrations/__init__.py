"""How the index came to its present tables, step by step (Alembic)."""
