from sqlalchemy import BigInteger, Integer

from engine.store.tables import Base


def test_no_column_holds_a_fraction() -> None:
    kinds = {type(column.type).__name__ for table in Base.metadata.sorted_tables for column in table.columns}
    assert kinds <= {"BigInteger", "Integer", "Text", "String", "Boolean"}


def test_what_is_counted_in_a_unit_says_so_in_its_name() -> None:
    units = ("_u6", "_e4", "_e6", "_ns", "_ms", "_s")
    plain = {
        column.name
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, BigInteger | Integer) and not column.name.endswith(units)
    }
    assert plain == {
        "session_id", "first_seq", "last_seq", "seq", "strays", "segment", "offset", "crc", "asset", "outcome",
        "entries", "stops", "fills", "orders", "salt", "intents", "refusals", "commands", "position",
    }  # fmt: skip
