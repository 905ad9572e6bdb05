"""How Alembic reaches the database: on the connection that Ronda hands over, or by ``-x url=...``."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.schema import CreateSchema

from core.storage import alert_rows  # noqa: F401 - its tables join the others by being loaded
from core.storage.rows import HEALTH_CHECKS, SCHEMA, Row


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - Alembic's signature
    """Whether autogenerate looks at a name: at our schema only, and not at the daily partitions."""
    if kind == "schema":
        return name == SCHEMA
    return not (kind == "table" and (name or "").startswith(f"{HEALTH_CHECKS.name}_"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=_is_ours,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        _name_schemas_in_full(connection)
        if not inspect(connection).has_schema(SCHEMA):
            connection.execute(CreateSchema(SCHEMA))
        context.run_migrations()


def _name_schemas_in_full(connection: Connection) -> None:
    """Keep the server from leaving out our schema's name where the role is called the same."""
    connection.execute(text("SET LOCAL search_path TO public"))
    connection.dialect.default_schema_name = "public"


def _run_by_url() -> None:
    engine = create_engine(context.get_x_argument(as_dictionary=True)["url"])
    with engine.begin() as connection:
        _run(connection)
    engine.dispose()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    _run(given)
else:
    _run_by_url()
