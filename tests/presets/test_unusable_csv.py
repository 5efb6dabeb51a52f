"""CSV files that cannot be used: one message each, with key path, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.presets import PresetError, csv_file, loads

NETWORK = "[network]\nlayers = [2, 1]\n"
CSV = NETWORK + '[data]\ncsv = "table.csv"\n{}\n'

# what is wrong: (content, keys, key path, part of what is found, part of what is expected)
KIND = 'class_column = "kind"'
BAD_CSV: dict[str, tuple[bytes, str, str, str, str]] = {
    "empty": (b"", KIND, "data.csv", "without a header", "a first row that names"),
    "a header alone": (b"a,b,kind\n", KIND, "data.csv", "only a header", "at least one row"),
    "no such column": (b"a,b,c\n1,2,x\n", KIND, "data.class_column", "'kind'", "one of a, b, c"),
    "no such input": (
        b"a,b,kind\n1,2,x\n",
        f'{KIND}\ninput_columns = ["a", "z"]',
        "data.input_columns[1]",
        "'z'",
        "one of a, b, kind",
    ),
    "an input twice": (
        b"a,b,kind\n1,2,x\n",
        f'{KIND}\ninput_columns = ["a", "a"]',
        "data.input_columns[1]",
        "'a' twice",
        "each column once",
    ),
    "a target as input": (
        b"a,b,kind\n1,2,x\n",
        f'{KIND}\ninput_columns = ["a", "kind"]',
        "data.input_columns[1]",
        "also a target",
        "input or target",
    ),
    "a column name twice": (
        b"a,a,kind\n1,2,x\n",
        KIND,
        "data.csv",
        "columns named 'a'",
        "distinct",
    ),
    "no number": (
        b"a,b,kind\n1,2,x\n3,four,y\n",
        KIND,
        "data.csv",
        "'four' in line 3 of table.csv, column b",
        "a finite number",
    ),
    "an empty cell": (b"a,b,kind\n1,,x\n", KIND, "data.csv", "'' in line 2", "a finite number"),
    "not finite": (b"a,b,kind\n1,inf,x\n", KIND, "data.csv", "'inf' in line 2", "a finite number"),
    "a short row": (b"a,b,kind\n1,2\n", KIND, "data.csv", "2 cells in line 2", "3 cells"),
    "a long row": (b"a,b,kind\n1,2,x,y\n", KIND, "data.csv", "4 cells in line 2", "3 cells"),
    "not UTF-8": (b"a,b,kind\n1,2,\xff\n", KIND, "data.csv", "not UTF-8", "UTF-8"),
    "an open quote": (b'a,b,kind\n1,2,"x\n', KIND, "data.csv", "table.csv with an error", "CSV"),
    "three classes for one unit": (
        b"a,b,kind\n1,2,x\n1,2,y\n1,2,z\n",
        KIND,
        "data.class_column",
        "3 classes",
        "2 classes for a single output unit",
    ),
    "too many inputs": (
        b"a,b,c,kind\n1,2,3,x\n1,2,3,y\n",
        KIND,
        "data.csv",
        "3 input columns",
        "2, the units of the first layer",
    ),
    "too many targets": (
        b"a,b,c,d\n1,2,3,4\n",
        'target_columns = ["c", "d"]',
        "data.target_columns",
        "2 target columns",
        "1, the units of the last layer",
    ),
    "targets and classes": (
        b"a,b,kind\n1,2,x\n",
        f'{KIND}\ntarget_columns = ["b"]',
        "data",
        "target_columns and class_column",
        "one of",
    ),
}


@pytest.mark.parametrize(
    ("content", "keys", "key", "found", "expected"), BAD_CSV.values(), ids=BAD_CSV.keys()
)
def test_an_unusable_csv_file_is_refused_with_its_place(
    content: bytes, keys: str, key: str, found: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(PresetError) as caught:
        loads(CSV.format(keys), "mine", tmp_path)
    error = caught.value
    assert (error.file, error.key) == ("mine", key)
    assert found in error.found
    assert expected in error.expected


def test_a_csv_file_beyond_the_limit_is_refused_without_reading(tmp_path: Path) -> None:
    with (tmp_path / "table.csv").open("wb") as stream:
        stream.truncate(20_000_001)
    with pytest.raises(PresetError, match="at most 20,000,000"):
        loads(CSV.format(KIND), "mine", tmp_path)


LARGE_CSV = {
    "a line": ("a" * 20_000_000, "a line of more than 2,000,000 characters"),
    "columns": ("a,b,kind\n" + "1," * 1_500_000, "a line of more than 2,000,000 characters"),
    "blank lines": ("a,b,kind\n" + "\n" * 5_000, "too many lines in table.csv"),
    "rows": ("a,b,kind\n" + "1,2,x\n" * 1_100, "too many samples in table.csv"),
    "classes": (
        "a,b,kind\n" + "".join(f"1,2,{each}\n" for each in range(400)),
        "too many classes in table.csv",
    ),
}


@pytest.mark.parametrize(("text", "found"), LARGE_CSV.values(), ids=LARGE_CSV)
def test_large_csv_files_are_refused(
    text: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # lower limits, so that the files are smaller
    monkeypatch.setattr(csv_file, "MOST_LINES", 2_000)
    monkeypatch.setattr(csv_file, "MOST_SAMPLES", 1_000)
    monkeypatch.setattr(csv_file, "MOST_CLASSES", 100)
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(PresetError) as caught:
        loads(CSV.format(KIND), "mine", tmp_path)
    assert found in str(caught.value)
