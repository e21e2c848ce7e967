"""Where models are kept: those that ship, and those that a player drops into a folder.

The rule kept here: a model is one .onnx file, called by its file's name; the player's own come
first, so that a newer one of the same name is used.
"""

from pathlib import Path

import platformdirs

from performer.refusal import Refusal

SHIPPED = Path(__file__).parent.parent / "exported_models"
PREFERRED = ("grand", "model2", "model1", "model3")  # the first of these that is there is played


def own_models() -> Path:
    """The folder into which players drop models."""
    return platformdirs.user_data_path("antiphon", appauthor=False) / "models"


def models() -> dict[str, Path]:
    """All models by name."""
    found: dict[str, Path] = {}
    for folder in (own_models(), SHIPPED):
        for path in sorted(folder.glob("*.onnx")):
            found.setdefault(path.stem, path)
    return found


def find_model(wanted: str | None) -> Path:
    """The model of a name or at a path; the best there is where none is named. Raises Refusal."""
    found = models()
    if wanted is None:
        names = [name for name in (*PREFERRED, *found) if name in found]
        if not names:
            raise Refusal(f"There is no model: put an .onnx file into {own_models()}.")
        return found[names[0]]
    if wanted in found:
        return found[wanted]
    if Path(wanted).suffix == ".onnx" or Path(wanted).exists():
        return Path(wanted)
    raise Refusal(f"There is no model {wanted!r}: choose one of {', '.join(found) or '(none)'}.")


def smaller_than(path: Path) -> list[Path]:
    """The models that are smaller than this one, the largest first."""
    size = path.stat().st_size
    smaller = [other for other in models().values() if other.stat().st_size < size]
    return sorted(smaller, key=lambda other: -other.stat().st_size)
