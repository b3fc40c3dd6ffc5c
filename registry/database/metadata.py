"""What all tables of the database have in common; each package that keeps something adds its own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BigId = BigInteger().with_variant(Integer, "sqlite")
