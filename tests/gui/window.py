"""A real Blender window with the extension installed, driven by pointer and keyboard, and asked from inside."""

import ast
import importlib.util
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

CLONE = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("POSENORM_GUI_TOOLS", CLONE.parent / "shared" / "tools" / "blender_gui"))

# What the questions asked inside Blender may name.
_NAMES = """
import bpy, sys
scene = bpy.context.window_manager.windows[0].scene
root = sys.modules.get('bl_ext.user_default.posenorm')
status = sys.modules['bl_ext.user_default.posenorm.status'].status if root else None
keyed = bpy.context.view_layer.objects.active
curves = sys.modules['bl_ext.user_default.posenorm.scene.actions'].curves_of(keyed) if root and keyed else None
"""

_PREPARE = """
for each in list(bpy.data.objects):
    bpy.data.objects.remove(each)
import os
if os.path.exists('/mnt/share/weights.npz'):
    preferences = bpy.context.preferences.addons['bl_ext.user_default.posenorm'].preferences
    preferences.weights = '/mnt/share/weights.npz'
bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'
bpy.ops.ed.undo_push(message='prepared')
"""

_FRONT = """
w, a, r = v3d()
region = next(each for each in a.regions if each.type == 'WINDOW')
keyed.show_in_front = True
with bpy.context.temp_override(window=w, area=a, region=region):
    bpy.ops.view3d.view_axis(type='FRONT')
    bpy.ops.view3d.view_selected()
    a.spaces.active.region_3d.view_distance *= 1.4
"""


_FIT = """
w = bpy.context.window_manager.windows[0]
a = next(each for each in w.screen.areas if each.type == 'IMAGE_EDITOR')
region = next(each for each in a.regions if each.type == 'WINDOW')
with bpy.context.temp_override(window=w, area=a, region=region):
    bpy.ops.image.view_all(fit_view=True)
"""


class Window:
    """Blender with the panel open; use it in a `with` statement."""

    def __init__(self, root: str, share: Path, pictures: Path) -> None:
        """Installs `share`/posenorm.zip into the Blender of `root` and opens its window."""
        environment = {**os.environ, "BL_SHARE": str(share)}
        install = ["extension", "install-file", "-r", "user_default", "--enable", "/mnt/share/posenorm.zip"]
        command = [TOOLS / "bl", root, "--command", *install]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        self.window = _load_driver().Gui(root, tab="PoseNorm", share=str(share))
        self.pictures = pictures
        self._run(_PREPARE)
        self._find("Normalize Video Pose")

    def __enter__(self) -> "Window":
        """The window itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes Blender and the screen."""
        self.window.close()

    def ask(self, expression: str) -> Any:
        """The value of `expression` inside Blender; it may name bpy, scene, status and curves."""
        answer = self._run(f"print(repr({expression}))").strip().splitlines()[-1]
        try:
            return ast.literal_eval(answer)
        except (SyntaxError, ValueError):
            return answer

    def wait_for(self, condition: str, seconds: float = 30) -> None:
        """Waits until `condition` holds inside Blender; AssertionError after so many seconds."""
        self.expect(f"bool({condition})", True, seconds)

    def expect(self, expression: str, value: Any, seconds: float = 5) -> None:
        """AssertionError unless `expression` comes to have this value inside Blender."""
        end = time.monotonic() + seconds
        while (found := self.ask(expression)) != value:
            if time.monotonic() > end:
                news = self.ask("status.text")
                raise AssertionError(f"{expression} is {found!r}, not {value!r}; the panel says: {news}")
            time.sleep(0.2)

    def must_show(self, text: str) -> None:
        """AssertionError unless the sidebar can be read to say `text`."""
        self._find(text)

    def click(self, text: str) -> None:
        """Clicks the lowest place in the sidebar that says `text`: what stands above is a title or a choice."""
        self._settle()
        self.window.click(*self._find(text))

    def click_normalize(self) -> None:
        """Clicks the main button."""
        self.click("Normalize")

    def scroll_down(self) -> None:
        """Scrolls the sidebar to its end, or nearly."""
        x, y, width, height = self.window.sidebar()
        self.window.xdo("mousemove", x + width // 2, y + height // 2, "click", "--repeat", 10, "--delay", 60, 5)
        time.sleep(0.5)

    def click_row(self, button: str, number: int) -> None:
        """Clicks a row, counted from 0, of the list with a line of titles below the button that says so."""
        self._settle()
        x, y = self._find(button)
        self.window.click(x, y + 52 + 21 * number)

    def type_source(self, path: str) -> None:
        """Types `path` into the field under the line that opens the part for videos."""
        x, y = self._find("From a Video")
        self.window.click(x, y + 30, n=2)
        self.window.xdo("key", "ctrl+a")
        self.window.xdo("type", "--delay", 12, path)
        self.window.xdo("key", "Return")
        time.sleep(0.3)

    def _find(self, text: str, seconds: float = 15) -> tuple[int, int]:
        """The lowest place where the sidebar says `text`, once it does."""
        end = time.monotonic() + seconds
        while not (places := self.window.find(text)):
            if time.monotonic() > end:
                raise AssertionError(f"the panel does not show '{text}'")
        lowest: tuple[int, int] = places[-1]
        return lowest

    def press(self, keys: str) -> None:
        """Presses `keys` with the pointer in the 3D view."""
        self.window.xdo("mousemove", 500, 500)
        time.sleep(0.3)
        self.window.xdo("key", keys)

    def open_section(self, title: str) -> None:
        """Opens the section called `title`, whose header is the only place that says so while it is closed."""
        self.click(title)
        time.sleep(0.5)

    def close_section(self, title: str, place: int = 0) -> None:
        """Closes it again, by its header: the first place that says so, or the one after so many others."""
        self._settle()
        self._find(title)
        self.window.click(*self.window.find(title)[place])
        time.sleep(0.5)

    def scale_interface(self, scale: float) -> None:
        """Draws everything so many times as large."""
        self.ask(f"bpy.context.preferences.view.__setattr__('ui_scale', {scale})")
        time.sleep(1)

    def accept_file_browser(self) -> None:
        """Takes what the file browser proposes, once it is there."""
        areas = "[area.type for each in bpy.data.window_managers[0].windows for area in each.screen.areas]"
        self.wait_for(f"'FILE_BROWSER' in {areas}")
        time.sleep(1)
        self.press("Return")

    def turn_area(self, kind: str, into: str) -> None:
        """Makes the largest editor of one kind one of another, until it is turned back."""
        areas = f"[a for a in bpy.context.window_manager.windows[0].screen.areas if a.type == '{kind}']"
        self.ask(f"max({areas}, key=lambda a: a.width * a.height).__setattr__('ui_type', '{into}')")

    def show_all_of_the_image(self) -> None:
        """Fits the image into the Image Editor."""
        self._run(_FIT)

    def look_from_the_front(self) -> None:
        """Frames the armature from the front, the pointer out of the way."""
        self.window.xdo("mousemove", 200, 700)
        self._run(_FRONT)

    def shot(self, name: str) -> None:
        """Keeps a picture of the screen."""
        self._settle()
        self.window.shot(str(self.pictures / f"{name}.png"))

    def _settle(self) -> None:
        """Waits until what there is to see is drawn: it answers between two redraws, the third time after one."""
        for _ in range(3):
            self.ask("None")
        time.sleep(0.3)

    def _run(self, source: str) -> str:
        """Runs `source` inside Blender; AssertionError with Blender's words where it fails."""
        printed = str(self.window.py(_NAMES + source))
        if "Traceback (most recent call last)" in printed:
            raise AssertionError(printed.strip())
        return printed


def _load_driver() -> Any:
    """The module `drive`, from the tools' own folder."""
    spec = importlib.util.spec_from_file_location("drive", TOOLS / "drive.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
