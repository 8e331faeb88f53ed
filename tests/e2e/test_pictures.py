"""The README's pictures are what the program looks like: their words are those on the screens of the demo."""

import pathlib
import sys

from conftest import BINARY

sys.path.insert(0, "assets")
import pictures


def test_the_pictures_show_the_words_that_the_demo_shows():
    assert pictures.FAKETIME, "libfaketime is not installed"
    with pictures.place() as folder:
        found = pictures.differences(str(pathlib.Path(BINARY).resolve()), folder)
    told = [f"{name}.svg: only on the screen {new}, only in the picture {old}" for name, new, old in found]
    assert not told, "assets/pictures.py draws them anew:\n" + "\n".join(told)


def test_a_picture_is_read_as_it_was_drawn():
    wall = (pictures.HERE / "wall.svg").read_text()
    seen = pictures.words(pictures.rows_of_svg(wall))
    assert {"Needs", "look", "legacy-reports", "protected"} <= set(seen)
    changed = pictures.words(pictures.rows_of_svg(wall.replace("protected", "guarded")))
    assert seen != changed


def test_the_readme_shows_pictures_that_are_there_and_every_picture_is_of_the_list():
    readme = pathlib.Path("README.md").read_text()
    drawn = {path.name for path in pictures.HERE.glob("*.svg")}
    assert drawn == {f"{name}.svg" for name in pictures.PICTURES} | {"night.svg"}
    shown = {name for name in drawn if f"assets/{name}" in readme}
    assert {"wall.svg", "night.svg"} <= shown
