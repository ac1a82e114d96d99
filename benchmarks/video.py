"""How fast videos go through: `detect` beside the detector alone, and how many frames of preview a second are made.

`python -m benchmarks.video VIDEO [--frames N]`. The detector alone is asked about pictures that are decoded already;
`detect` decodes them too, beside it. Each figure is the best of three rounds, in turns.
"""

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import seconds
from posenorm_core.command import exit_code
from posenorm_core.detection import detect
from posenorm_core.detectors import DETECTORS
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.preview import write_preview
from posenorm_core.video import Video, open_video, pictures

_ROUNDS = 3


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Frames a second of detection and preview.")
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, default=120, help="of the video's beginning (default: 120)")
    options = parser.parse_args()
    video = open_video(options.video)
    frames = min(options.frames, video.frame_count)
    decoded = list(itertools.islice(pictures(video), frames))
    end = (frames + 0.25) / video.fps
    keypoints = detect(video.path, end=end).keypoints()
    motion = normalize(keypoints)

    best = dict.fromkeys(("alone", "detect", "preview", "stage"), float("inf"))
    for _ in range(_ROUNDS):
        best["alone"] = min(best["alone"], seconds(lambda: _alone(decoded)))
        best["detect"] = min(best["detect"], seconds(lambda: detect(video.path, end=end)))
        best["preview"] = min(best["preview"], seconds(lambda: _preview(motion, keypoints, video)))
        best["stage"] = min(best["stage"], seconds(lambda: _preview(motion, keypoints, None)))
    rate = {name: frames / taken for name, taken in best.items()}
    print(f"{video.path.name}: {frames} frames of {video.size[0]:g}x{video.size[1]:g}")
    print(f"detector alone:            {rate['alone']:6.1f} frames/s")
    print(f"detect, decoding included: {rate['detect']:6.1f} frames/s, {rate['detect'] / rate['alone']:.2f} of it")
    print(f"preview with the video:    {rate['preview']:6.1f} frames/s")
    print(f"preview on a blank stage:  {rate['stage']:6.1f} frames/s")


def _alone(decoded: list) -> None:
    detector = DETECTORS["mediapipe"]()
    for picture in decoded:
        detector.people(picture)
    detector.close()


def _preview(motion: Motion, keypoints: Keypoints, video: Video | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_preview(Path(folder) / "preview.mp4", motion, keypoints, video=video)


if __name__ == "__main__":
    sys.exit(exit_code(main))
