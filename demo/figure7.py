"""`python -m demo.figure7 [PICTURE]`: the paper's Figure 7 of the demo's two clips, into docs/alignment.png.

The same action by two bodies, from two views, at two speeds: keyframes of the one above what answers them in the other.
"""

import sys

from posenorm_core.alignment import align
from posenorm_core.alignment_plot import draw_alignment
from posenorm_core.builtin_motion import demo_clips
from posenorm_core.command import exit_code
from posenorm_core.normalizer import normalize


def draw_figure7(path: str) -> None:
    """Writes the picture; raises InputError where it cannot."""
    slow, fast = map(normalize, demo_clips())
    draw_alignment(path, align(slow, fast), slow, fast, ("slow, from the front", "fast, from the side"))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: draw_figure7(sys.argv[1] if len(sys.argv) > 1 else "docs/alignment.png")))
