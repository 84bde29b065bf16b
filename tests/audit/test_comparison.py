from audit.comparison import Row, compare


def test_fields_stand_side_by_side() -> None:
    rows = compare({"a": 1, "b": "x", "c": None}, {"a": 1, "b": "y", "d": [1]})
    assert rows == [
        Row("a", "1", "1"),
        Row("b", "x", "y"),
        Row("c", "null", None),
        Row("d", None, "[\n  1\n]"),
    ]
    assert [row.differs for row in rows] == [False, True, True, True]


def test_other_values_are_one_row() -> None:
    assert compare(None, None) == []
    assert compare(None, "text") == [Row("", None, "text")]
    assert compare([1], 2) == [Row("", "[\n  1\n]", "2")]
