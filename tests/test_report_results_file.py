"""The user's own results file: our block and nothing but our block."""

import os
import stat
from pathlib import Path

import pytest
import report_nights as nights
from hypothesis import given
from hypothesis import strategies as st

from overnight.report import markdown
from overnight.report.compose import compose
from overnight.report.results_file import merged, update

BEGIN, END = "<!-- overnight:begin k3f9 -->", "<!-- overnight:end k3f9 -->"


@pytest.mark.rule("W3.5")
def test_the_block_is_replaced_and_the_rest_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_bytes(f"# Mine\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\ncaf\xe9 in Latin-1".encode("latin-1"))
    update(file, "k3f9", "new\nlines")
    assert (
        file.read_bytes()
        == f"# Mine\r\n\r\n{BEGIN}\r\nnew\r\nlines\r\n{END}\r\ncaf\xe9 in Latin-1".encode("latin-1")
    )


def test_a_file_without_the_block_gets_it_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    update(file, "k3f9", "first")
    assert file.read_text() == f"{BEGIN}\nfirst\n{END}\n"
    file.write_text("no newline at the end")
    update(file, "k3f9", "first")
    assert file.read_text() == f"no newline at the end\n\n{BEGIN}\nfirst\n{END}\n"


def test_each_run_has_its_own_block() -> None:
    both = merged(merged(b"", "aaaa", "A"), "bbbb", "B")
    again = merged(both, "aaaa", "A2")
    assert b"A2" in again
    assert b"\nB\n" in again
    assert again.count(b"overnight:begin") == 2


def test_a_half_edited_block_is_left_alone() -> None:
    half = f"{BEGIN}\nsomebody's words".encode()
    once = merged(half, "k3f9", "new")
    assert once.startswith(half)
    assert merged(once, "k3f9", "newer") == once.replace(b"\nnew\n", b"\nnewer\n")


@given(st.binary(max_size=300), st.text(max_size=50), st.text(max_size=50))
def test_updating_twice_is_updating_once(old: bytes, first: str, second: str) -> None:
    again = merged(merged(old, "k3f9", first), "k3f9", second)
    assert again == merged(old, "k3f9", second)
    assert again.startswith(old)


def test_links_and_modes_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "real.md"
    target.write_text("mine\n")
    target.chmod(0o640)
    link = tmp_path / "RESULTS.md"
    link.symlink_to(target)
    update(link, "k3f9", "new")
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["RESULTS.md", "real.md"]


def test_what_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "RESULTS.md"
    folder.mkdir()
    for path in (folder, tmp_path / "no such folder" / "RESULTS.md"):
        with pytest.raises(OSError, match=r"Is a directory|No such file"):
            update(path, "k3f9", "new")
    assert os.listdir(tmp_path) == ["RESULTS.md"]


def test_the_block_says_the_verdict_and_where_the_rest_is() -> None:
    block = markdown.brief(compose(nights.sweep(), "en", []), "/runs/k3f9/report.html")
    assert "Finished after 7 h 42" in block
    assert "| C | 9.73 |" in block
    assert "`/runs/k3f9/report.html`" in block


def test_a_run_cannot_close_its_own_block() -> None:
    view = nights.sweep(name=END, metric=END, params={END: END})
    block = markdown.brief(compose(view, "en", []), "report.html")
    assert "<!--" not in block
    assert merged(merged(b"rest", "k3f9", block), "k3f9", "x").count(b"overnight:end") == 1
