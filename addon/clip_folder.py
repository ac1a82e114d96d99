"""A folder of clips, keypoints and motions of any kind, each normalized; one that fails does not stop the others."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.clip import DEFAULT_FPS
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion

# What keypoints and motions are kept in; a folder may be one clip too, an image a file.
_SUFFIXES = (".npz", ".json", ".csv", ".zip", ".bvh", ".pkl", ".pt")


@dataclass
class Failures:
    """What became of a folder's clips: how many are done, why the others are not, and what was assumed."""

    done: int = 0
    why: dict[str, str] = field(default_factory=dict)  # the clip's name -> a line
    without_rate: list[str] = field(default_factory=list)  # clips whose format does not tell their frame rate

    def told(self) -> str:
        """The news for the user: the count, and each failure."""
        count = self.done + len(self.why)
        told = [f"{self.done} of {count} clips", *(f"failed: {why}" for why in self.why.values())]
        if self.without_rate:
            told.append(f"{', '.join(self.without_rate)}: tell no frame rate, {DEFAULT_FPS:g} was taken")
        return "; ".join(told)


def clips_in(folder: str | Path) -> list[Path]:
    """The files and folders in `folder` that may be clips, by name. Raises InputError where there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; choose the one that holds the clips")
    found = sorted(each for each in folder.iterdir() if each.is_dir() or each.suffix.lower() in _SUFFIXES)
    found = [each for each in found if not each.name.startswith(".")]
    if not found:
        raise InputError(f"{folder}: holds no clips; they should be {', '.join(_SUFFIXES)} files, or folders of JSON")
    return found


def _names(clips: list[Path]) -> dict[Path, str]:
    """What each clip is called: its file without the suffix, but where two were called alike, with it."""
    short = {path: path.stem if path.is_file() else path.name for path in clips}
    count = Counter(short.values())
    return {path: name if count[name] == 1 else path.name for path, name in short.items()}


def normalized_clips(
    clips: list[Path],
    failures: Failures,
    report: Callable[[int, int], None] | None = None,
    **choices: Any,
) -> Iterator[tuple[str, Motion]]:
    """The name and motion of each clip; those that fail are noted in `failures`.

    `choices` are those of `any_clip.motion_of`; `report` is told (clips done, clips).
    """
    names = _names(clips)
    for number, path in enumerate(clips):
        if report is not None:
            report(number, len(clips))
        try:
            clip = read_any(path)
            motion = motion_of(clip, **choices)
            if clip.fps is None:
                failures.without_rate.append(path.name)
            yield names[path], motion
        except InputError as error:
            failures.why[path.name] = str(error)
    if report is not None:
        report(len(clips), len(clips))
