"""Motions onto a character's file, without a window: what `python -m addon retarget` does, as functions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping, load_mapping
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.retarget import RetargetOptions

from .clip_folder import Failures, clips_in
from .export_files import make_folder
from .scene.character_file import load_character
from .scene.export import export_fbx, export_glb, save_blend
from .scene.export_presets import preset_called
from .scene.retarget import Placement, retarget_onto
from .scene.rig import rig_of
from .scene.timing import set_scene_fps

SUFFIXES = (".fbx", ".glb", ".blend")


@dataclass(frozen=True)
class Character:
    """A character's file, and which of its bones are what; found by name and shape where no mapping file is given."""

    path: Path
    bones: Path | None = None

    def load(self) -> tuple[bpy.types.Object, BoneMapping]:
        """Opens a new, empty file with the character alone: its armature, and its bones."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        armature = load_character(bpy.context, self.path)
        return armature, load_mapping(self.bones) if self.bones else choose_mapping(rig_of(armature))


def retarget_file(
    source: str | Path,
    character: Character,
    output: str | Path,
    *,
    orientation: str = "heading",
    person: int | None = None,
    fps: float | None = None,
    options: RetargetOptions | None = None,
    preset: str | None = None,
) -> str:
    """Reads anything that `normalize` takes but videos, and writes the character with its motion to `output`.

    The scene plays at the motion's own rate and as long as the motion. The file that was open is closed unsaved.

    Args:
        source: keypoints or motions.
        character: who gets the motion.
        output: .fbx, .glb or .blend.
        orientation: of the root.
        person: whom, of several; the most visible by default.
        fps: the source's frame rate where its format has none; else 30 is assumed, and told.
        options: of retargeting; feet that stand are locked by default.
        preset: one of `export_presets.PRESETS`, for the output's kind of file.

    Returns:
        The news: how much was keyed, and what had to be left out.

    Raises InputError where something cannot be read, retargeted or written.
    """
    output = Path(output)
    if output.suffix.lower() not in SUFFIXES:
        raise InputError(f"{output}: the name of the output must end in {', '.join(SUFFIXES)}")
    require_writable(output)
    clip = read_any(source, fps)
    motion = motion_of(clip, person, orientation=orientation)
    armature, mapping = character.load()
    scene: Any = bpy.context.scene
    set_scene_fps(scene, motion.fps)
    placement = Placement(Path(source).stem, 1)
    chosen = options or RetargetOptions(feet="auto")
    told = retarget_onto(bpy.context, armature, motion, mapping, chosen, placement)
    _fit_scene(scene, motion)
    _write(armature, output, preset)
    assumed = f"; its rate is not told: {motion.fps:g} frames/s assumed" if clip.fps is None else ""
    return f"{output}: a {mapping.name} rig; {told}{assumed}"


def retarget_folder(
    folder: str | Path,
    character: Character,
    output: str | Path,
    suffix: str,
    *,
    tell: Callable[[str], None],
    progress: Callable[[int, int], None] | None = None,
    **choices: Any,
) -> Failures:
    """`retarget_file` for every clip of `folder`, into the folder `output`; one that fails does not stop the others.

    `choices` are those of `retarget_file`; `tell` gets the news of each file, `progress` (files done, files).
    """
    clips, place, failures = clips_in(folder), make_folder(Path(output)), Failures()
    for number, clip in enumerate(clips):
        name = clip.name if clip.is_dir() else clip.stem
        try:
            tell(retarget_file(clip, character, place / f"{name}{suffix}", **choices))
            failures.done += 1
        except InputError as error:
            failures.why[clip.name] = str(error)
        if progress is not None:
            progress(number + 1, len(clips))
    return failures


def _fit_scene(scene: Any, motion: Motion) -> None:
    """The scene is as long as the motion, and stands at its beginning."""
    scene.frame_start, scene.frame_end = 1, max(len(motion), 1)
    scene.frame_set(1)


def _write(armature: bpy.types.Object, path: Path, preset: str | None) -> None:
    """Writes the character by the preset, or plainly."""
    if preset is not None:
        preset_called(preset).write(bpy.context, armature, path)
    elif path.suffix.lower() == ".blend":
        save_blend(bpy.context, path)
    else:
        (export_fbx if path.suffix.lower() == ".fbx" else export_glb)(bpy.context, armature, path)
