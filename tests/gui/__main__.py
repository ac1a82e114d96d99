"""The extension in a real Blender window: `python -m tests.gui [--suite trixie] [--weights W.npz] [--guide] [-o DIR]`.

A pointer and a keyboard do what a user does: pick the keypoints, press Normalize, switch the orientation, undo,
stop a long job with Esc, meet an error. Each step is checked inside Blender, and screenshots are kept to look at.

Needs the window tools (`setup.sh`, `bl`, `drive.py`) in `shared/tools/blender_gui` beside the clone, or where
POSENORM_GUI_TOOLS says, and the real data; where they are missing it says so and ends with 0. They use Debian's
Blender: trixie has 4.3, sid 5.2.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from addon.build_extension import build_extension

from .window import TOOLS, Window

CLONE = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("POSENORM_DATA", CLONE.parent / "shared" / "data"))
CLIP = DATA / "keypoints" / "openpose_body25" / "balancing_cam01"
# The pictures of the guide, and which of ours they are.
GUIDE = {
    "normalized": "0_quick_start",
    "cleaned": "4_cleaned",
    "retargeted": "5_retargeted",
    "compare": "5_found",
    "export": "6_export",
}
CHARACTER = DATA / "rigs" / "mixamo-sample-rig.glb"


def main() -> int:
    """Tries the extension in the Blender of each suite; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.gui", description="The extension in a real Blender window.")
    parser.add_argument("--suite", action="append", choices=("trixie", "sid"), help="Debian's suite; default: both")
    parser.add_argument("--weights", type=Path, help="instead of the weights that come with PoseNorm")
    parser.add_argument("--guide", action="store_true", help="make the pictures of docs/guide.md anew")
    parser.add_argument("-o", "--output", type=Path, default=CLONE / "out" / "gui", help="folder for the screenshots")
    options = parser.parse_args()
    for needed in (TOOLS / "drive.py", CLIP, CHARACTER):
        if not needed.exists():
            print(f"skipped: there is no {needed}")
            return 0
    failed = [suite for suite in options.suite or ("trixie", "sid") if not passes(suite, options)]
    if options.guide and not failed:
        for name, picture in GUIDE.items():
            shutil.copy(
                options.output / (options.suite or ["sid"])[-1] / f"{picture}.png", CLONE / "docs/guide" / f"{name}.png"
            )
    return 1 if failed else 0


def passes(suite: str, options: argparse.Namespace) -> bool:
    """Whether all steps succeed in the Blender of `suite`; tells each."""
    pictures = options.output / suite
    pictures.mkdir(parents=True, exist_ok=True)
    root = subprocess.run([TOOLS / "setup.sh", suite], check=True, capture_output=True, text=True).stdout.split()[-1]
    with tempfile.TemporaryDirectory(prefix="posenorm-gui-") as share:
        fill(Path(share), options.weights)
        with Window(root, Path(share), pictures) as window:
            print(f"{suite}: Blender {window.ask('bpy.app.version_string')}", flush=True)
            for step in STEPS:
                try:
                    step(window)
                except Exception as error:
                    window.shot(f"failed_{step.__name__}")
                    print(f"  {step.__name__}: FAILED: {error}", flush=True)
                    return False
                print(f"  {step.__name__}: as it should be", flush=True)
    return True


def fill(share: Path, weights: Path | None) -> None:
    """Puts into the shared folder what the window needs: the built zip, the clip, a long clip, the weights."""
    shutil.copy(build_extension(share / "dist"), share / "posenorm.zip")
    shutil.copytree(CLIP, share / CLIP.name)
    shutil.copy(CHARACTER, share / "character.glb")
    make_long_clip(share / "long.npz")
    make_library(share)
    if weights is not None:
        shutil.copy(weights, share / "weights.npz")


def make_long_clip(path: Path) -> None:
    """The same clip over and over: an hour, so that there is time to press Esc."""
    import numpy as np

    from posenorm_core.formats import read_clip
    from posenorm_core.keypoints import Keypoints, save_keypoints

    keypoints = read_clip(CLIP, fps=30).keypoints()
    points, confidence = np.tile(keypoints.points, (1000, 1, 1)), np.tile(keypoints.confidence, (1000, 1))
    save_keypoints(Keypoints(30.0, keypoints.image_size, points, confidence, {}), path)


def make_library(share: Path) -> None:
    """Two clips of jumping jacks, slow and fast, and an index of the fast one and the real clip."""
    from posenorm_core.builtin_motion.demo import demo_clips
    from posenorm_core.keypoints import save_keypoints

    for name, keypoints in zip(("slow", "fast"), demo_clips(), strict=True):
        save_keypoints(keypoints, share / f"{name}.npz")
    library = share / "library"
    shutil.copytree(CLIP, library / CLIP.name)
    shutil.copy(share / "fast.npz", library / "jumping_jacks.npz")
    index = [sys.executable, "-m", "posenorm_core", "index", library, "-o", share / "index"]
    subprocess.run(index, check=True, cwd=CLONE, capture_output=True)


def starts_quickly(window: Window) -> None:
    """Two clicks in an empty file, and somebody does jumping jacks; then all of it is taken away again."""
    window.click("Quick Start")
    window.wait_for("'150 frames' in status.text")
    window.click_normalize()
    window.wait_for("status.progress is None and bpy.context.object and bpy.context.object.type == 'ARMATURE'")
    window.look_from_the_front()
    window.ask("scene.frame_set(12)")
    window.shot("0_quick_start")
    window.ask("[bpy.data.armatures.remove(each) for each in list(bpy.data.armatures)]")
    window.ask("[bpy.data.actions.remove(each) for each in list(bpy.data.actions)]")
    window.ask("scene.frame_set(1)")
    window.ask("bpy.ops.ed.undo_push(message='cleared')")


def picks_the_folder_and_reads_it(window: Window) -> None:
    """Types the folder's path into the field; the panel tells what is there."""
    window.type_source(f"/mnt/share/{CLIP.name}")
    window.wait_for("'100 frames' in status.text")
    window.shot("1_read")
    window.must_show("100 frames")


def normalizes_by_a_click(window: Window) -> None:
    """The armature stands there, keyed at the scene's own rate."""
    window.ask("scene.posenorm.__setattr__('fps', 60)")
    window.click_normalize()
    window.wait_for("status.progress is None and bpy.context.object and bpy.context.object.type == 'ARMATURE'")
    window.expect("len(bpy.context.object.data.bones)", 19)
    window.expect("bpy.context.object.animation_data.action.name", CLIP.name)
    window.expect("(scene.render.fps, scene.render.fps_base)", (24, 1.0))
    window.expect("[round(f, 4) for f in bpy.context.object.animation_data.action.frame_range]", [1.0, 40.6])


def moves_as_the_person_does(window: Window) -> None:
    """For the eye: the same moments as in the video, from the front."""
    window.ask("bpy.ops.posenorm.set_orientation(orientation='view')")
    window.look_from_the_front()
    for frame in (1, 9, 17, 25, 33, 40):
        window.ask(f"scene.frame_set({frame})")
        window.shot(f"2_frame_{frame:02d}")


def switches_the_orientation_by_a_click(window: Window) -> None:
    """The root is keyed anew; the other bones' keys stay."""
    key = "[tuple(c.keyframe_points[50].co) for c in curves if 'left_knee' in c.data_path]"
    knee = window.ask(key)
    window.click("Unified")
    window.wait_for("bpy.context.object['posenorm']['orientation'] == 'unified'")
    pelvis = "{round(p.co[1], 5) for c in curves if 'pelvis\"].rot' in c.data_path for p in c.keyframe_points}"
    window.expect(pelvis, {0.0, 1.0})
    window.expect(key, knee)
    window.shot("3_unified")


def is_undone_in_one_step(window: Window) -> None:
    """A second Normalize, and one Ctrl-Z takes just that away."""
    before = "(len(bpy.data.objects), len(bpy.data.actions))"
    counts = window.ask(before)
    window.click_normalize()
    window.wait_for(f"status.progress is None and {before} != {counts!r}")
    window.press("ctrl+z")
    window.wait_for(f"{before} == {counts!r}")


def cleans_and_takes_it_back(window: Window) -> None:
    """Fewer keys by a click, and all of them again by another."""
    window.open_section("Clean")
    keys = "len(curves[0].keyframe_points)"
    raw = window.ask(keys)
    window.click("Clean")
    window.wait_for(f"{keys} < {raw}")
    window.shot("4_cleaned")
    window.click("Raw")
    window.expect(keys, raw)
    window.close_section("Clean")


def retargets_by_a_click(window: Window) -> None:
    """A character's bones are found, and it gets the motion in an action of its own; one undo takes it back."""
    window.ask("bpy.ops.posenorm.set_orientation(orientation='heading')")
    window.ask("bpy.ops.import_scene.gltf(filepath='/mnt/share/character.glb')")
    window.ask("scene.posenorm_retarget.__setattr__('motion', next(o for o in bpy.data.objects if 'posenorm' in o))")
    character = "next(o for o in bpy.data.objects if o.type == 'ARMATURE' and 'posenorm' not in o)"
    window.ask(f"scene.posenorm_retarget.__setattr__('character', {character})")
    window.expect("'Mixamo' in status.text", True)
    window.ask("bpy.ops.ed.undo_push(message='a character')")
    window.open_section("Retarget")
    window.must_show("Mixamo: 22 bones")
    before = window.ask(f"{character}.animation_data.action.name")
    window.click("Retarget")
    window.wait_for("'frames on 22 bones' in status.text")
    window.expect(f"{character}.animation_data.action.name != {before!r}", True)
    window.expect(f"bpy.data.actions[{before!r}].use_fake_user", True)
    window.ask("next(o for o in bpy.data.objects if 'posenorm' in o).hide_set(True)")
    window.look_from_the_front()
    window.ask("scene.frame_set(20)")
    window.shot("5_retargeted")
    window.ask("next(o for o in bpy.data.objects if 'posenorm' in o).hide_set(False)")
    window.click("Mixamo: 22 bones")
    window.shot("5_bones")
    window.click("Mixamo: 22 bones")
    window.press("ctrl+z")
    window.wait_for(f"{character}.animation_data.action.name == {before!r}")
    window.close_section("Retarget")


def aligns_by_a_click(window: Window) -> None:
    """Two performances line up: the fast one is retimed, moments are marked, the picture shows in the Image Editor."""
    window.ask("[each.hide_set(True) for each in scene.objects]")
    for name in ("slow", "fast"):
        window.ask(f"scene.posenorm.__setattr__('source', '/mnt/share/{name}.npz')")
        window.wait_for("status.text.startswith('Read')")
        window.click_normalize()
        window.wait_for(f"status.progress is None and bpy.context.object.name == '{name}'")
    window.ask("scene.posenorm_compare.__setattr__('armature_a', bpy.data.objects['slow'])")
    window.ask("scene.posenorm_compare.__setattr__('armature_b', bpy.data.objects['fast'])")
    window.turn_area("PROPERTIES", "IMAGE_EDITOR")
    for title in ("Source", "Normalize"):  # there must be room
        window.close_section(title, 1 if title == "Normalize" else 0)
    window.open_section("Compare")
    window.click("Align")
    window.wait_for("'fast timed as slow' in status.text")
    window.must_show("Differing most")
    window.expect("bpy.data.objects['fast'].animation_data.action.name", "fast timed as slow")
    window.expect("len(scene.timeline_markers) > 3", True)
    editors = "[a.spaces.active.image.name for a in bpy.context.window_manager.windows[0].screen.areas "
    window.expect(f"{editors} if a.type == 'IMAGE_EDITOR']", ["PoseNorm Alignment"])
    window.show_all_of_the_image()
    window.ask("scene.frame_set(20)")
    window.look_from_the_front()
    window.shot("5_aligned")
    window.turn_area("IMAGE_EDITOR", "DOPESHEET")
    window.shot("5_markers")
    window.turn_area("DOPESHEET_EDITOR", "IMAGE_EDITOR")
    window.show_all_of_the_image()


def finds_similar_by_a_click(window: Window) -> None:
    """The pose of the frame comes again in the file and in the index; a click goes there, one undo comes back."""
    window.ask("bpy.context.view_layer.objects.__setattr__('active', bpy.data.objects['slow'])")
    window.ask("scene.posenorm_similar.__setattr__('index', '/mnt/share/index')")
    window.ask("scene.posenorm_similar.__setattr__('mirrored', True)")
    window.ask("scene.posenorm_similar.__setattr__('count', 6)")
    window.ask("bpy.ops.ed.undo_push(message='choices')")
    window.click("Find Similar")
    window.wait_for("'places like slow at frame 20' in status.text")
    window.scroll_down()
    window.shot("5_found")
    at = window.ask("(bpy.context.object.name, scene.frame_current)")
    places = "list(scene.posenorm_similar.places)"
    file_row = f"next(p for p in {places} if p.action == 'fast')"
    window.click_row("Find Similar", window.ask(f"{places}.index({file_row})"))
    window.wait_for("status.text.startswith('fast: frame')")
    window.expect(f"scene.frame_current == {file_row}.frame", True)
    window.expect("bpy.context.object.name", "fast")
    window.expect("bpy.context.object.animation_data.action.name", "fast")
    window.shot("5_gone_to")
    window.press("ctrl+z")
    window.wait_for(f"(bpy.context.object.name, scene.frame_current) == {at!r}")
    window.expect("bpy.data.objects['fast'].animation_data.action.name", "fast timed as slow")
    window.expect("len(scene.posenorm_similar.places)", 6)


def brings_a_clip_of_the_index(window: Window) -> None:
    """A row of the index, and the button that it shows."""
    row = "next(p for p in scene.posenorm_similar.places if p.path)"
    window.click_row("Find Similar", window.ask(f"list(scene.posenorm_similar.places).index({row})"))
    window.wait_for("'is in the index' in status.text")
    window.scroll_down()
    window.shot("5_of_the_index")
    place = window.ask(f"round(1 + 24 * {row}.seconds)")
    window.click("Normalize Clip")
    window.wait_for("status.progress is None and bpy.context.object.name == 'jumping_jacks'")
    window.expect("scene.frame_current", place)
    window.look_from_the_front()
    window.shot("5_brought")
    window.press("ctrl+z")
    window.wait_for("'jumping_jacks' not in bpy.data.objects")
    window.turn_area("IMAGE_EDITOR", "PROPERTIES")
    ours = ("slow", "fast")
    window.ask(f"[bpy.data.objects.remove(bpy.data.objects[name]) for name in {ours!r}]")
    window.ask("[each.hide_set(False) for each in scene.objects]")
    window.ask("scene.timeline_markers.clear()")
    window.ask("bpy.ops.ed.undo_push(message='cleared')")
    window.close_section("Compare")
    window.open_section("Normalize")
    window.open_section("Source")


def exports_by_a_click(window: Window) -> None:
    """A button a program: each opens the file browser with the armature's name, and the file is written."""
    window.ask(
        "bpy.context.view_layer.objects.__setattr__('active', next(o for o in bpy.data.objects if 'posenorm' in o))"
    )
    window.close_section("Source")  # there must be room
    window.open_section("Export")
    window.shot("6_export")
    for label, suffix in (("Unreal", "fbx"), ("Godot", "glb"), ("MotionBuilder", "bvh")):
        window.click(label)
        window.accept_file_browser()
        window.wait_for(f"status.text.startswith('Wrote') and status.text.endswith('{CLIP.name}.{suffix}')")
    window.close_section("Export")


def can_be_read_at_twice_the_size(window: Window) -> None:
    """For the eye: each section at an interface scale of 2."""
    window.close_section("Normalize", 1)
    window.scale_interface(2.0)
    for title in ("Source", "Clean", "Retarget", "Compare", "Export", "Batch"):
        window.open_section(title)
        window.shot(f"7_twice_the_size_{title.lower()}")
        window.close_section(title)
    window.scale_interface(1.0)
    window.open_section("Source")
    window.open_section("Normalize")


def stops_on_escape(window: Window) -> None:
    """A job of an hour of video ends at once and leaves nothing; the panel can be used again."""
    counts = window.ask("(len(bpy.data.objects), len(bpy.data.actions))")
    window.type_source("/mnt/share/long.npz")
    window.wait_for("'100000 frames' in status.text", seconds=120)
    window.click_normalize()
    window.wait_for("status.progress is not None and status.progress > 0", seconds=60)
    window.shot("8_running")
    window.press("Escape")
    window.wait_for("status.text == 'Cancelled'")
    window.expect("(len(bpy.data.objects), len(bpy.data.actions))", counts)
    window.expect("[t.name for t in __import__('threading').enumerate() if 'posenorm' in t.name]", [], seconds=30)
    window.shot("8_cancelled")


def tells_what_is_wrong(window: Window) -> None:
    """A folder without JSON: one line in the panel, and the next try works."""
    window.type_source("/mnt/share/dist")
    window.wait_for("status.is_error and 'dist' in status.text")
    window.shot("9_error")
    window.press("Escape")  # the words also popped up where the error was met, over the panel
    window.type_source(f"/mnt/share/{CLIP.name}")
    window.wait_for("'100 frames' in status.text")


def survives_being_switched_off_while_it_runs(window: Window) -> None:
    """Switched off in the middle of a job: the job ends, Blender goes on."""
    window.ask("scene.posenorm.__setattr__('source', '/mnt/share/long.npz')")
    window.wait_for("'100000 frames' in status.text", seconds=120)
    window.click_normalize()
    window.wait_for("status.progress is not None and status.progress > 0", seconds=60)
    window.ask("bpy.ops.preferences.addon_disable(module='bl_ext.user_default.posenorm')")
    window.expect("[t.name for t in __import__('threading').enumerate() if 'posenorm' in t.name]", [], seconds=30)
    window.expect("hasattr(bpy.types.Scene, 'posenorm')", False)


STEPS = (
    starts_quickly,
    picks_the_folder_and_reads_it,
    normalizes_by_a_click,
    moves_as_the_person_does,
    switches_the_orientation_by_a_click,
    is_undone_in_one_step,
    cleans_and_takes_it_back,
    retargets_by_a_click,
    aligns_by_a_click,
    finds_similar_by_a_click,
    brings_a_clip_of_the_index,
    exports_by_a_click,
    can_be_read_at_twice_the_size,
    stops_on_escape,
    tells_what_is_wrong,
    survives_being_switched_off_while_it_runs,
)

if __name__ == "__main__":
    sys.exit(main())
