"""Alembic's entry: runs on the connection that `database.migrate` hands over."""

from alembic import context

from openlines.runtime.tables import metadata


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The full-text index keeps tables of its own, beside the schema."""
    return kind != "table" or not (name or "").startswith("text_index")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    include_name=_is_ours,
)
with context.begin_transaction():
    context.run_migrations()
