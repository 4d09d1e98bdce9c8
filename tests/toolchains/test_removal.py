"""Trees that are removed, hostile ones too: links are not followed."""

from __future__ import annotations

import os
from pathlib import Path

from bot.toolchains.workspace import remove_tree


def test_hostile_trees_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "task-1"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "kept").write_text("kept")
    (folder / "tree").mkdir()
    (folder / "tree" / "out").symlink_to(outside)
    (folder / "tree" / "loop").symlink_to(".")
    (folder / "tree" / "-rf").mkdir()
    (folder / "tree" / "new\nline").write_text("")
    os.mkfifo(folder / "tree" / "pipe")
    descriptor = os.open(folder / "tree", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=descriptor)
        below = os.open("deep", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    (folder / "tree").chmod(0o500)
    remove_tree(folder)
    remove_tree(folder)
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o750


def test_of_a_folder_of_files_and_of_a_link_nothing_stays_but_what_the_link_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    flat = tmp_path / "__pycache__"
    flat.mkdir()
    (flat / "made.pyc").write_text("")
    (flat / "out").symlink_to(outside)
    link = tmp_path / "link"
    link.symlink_to(outside)
    for path in (flat, link, tmp_path / "nothing"):
        remove_tree(path)
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "kept").read_text() == "kept"
