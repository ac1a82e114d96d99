"""The commands of `training.evaluate` that compare features of frames: the paper's Tables 2 and 3, and retrieval."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from posenorm_core.embedding.weights import load_embedding
from posenorm_core.errors import InputError
from posenorm_core.weights import load_weights
from training import splits
from training.correspondence import Correspondence, correspondence
from training.dataset import load_data
from training.feature_report import Found, Report, with_earlier, write_report
from training.figures_file import make_folder
from training.frame_features import rows_of
from training.penn_action import frame_rows
from training.penn_action.labels import read_labels
from training.penn_action.recognition import recognize
from training.penn_action.recognition_report import write_report as write_recognition
from training.retrieval import Retrieval, retrieval
from training.row_tables import correspondence_tables, retrieval_table

_PAIRS = """\
Pairs of frontal views of each test performance (600 frames at most), half of the frames dropped from each and never
five in a row. Three settings: the same body in both films (the paper's), another body in the second, and a detector's
tremble in both. Means over families, of the draws of cameras and frames, with their standard deviation."""
CORRESPONDENCE = Report(
    "correspondence",
    Correspondence,
    correspondence_tables,
    "Dense correspondence (the paper's Table 2)",
    f"""\
{_PAIRS} For every frame of the one film the nearest of the other: hits are at most 5 frames from the right one, the
square error is of frame numbers. Many performances repeat themselves or stand still, where the right frame is not to
be told from others by its pose. The second table lines the films up from end to end instead, by dynamic time warping.
`python -m training.evaluate correspondence --data data/mocap.npz --weights benchmarks/weights/normalizer.npz …`""",
)
RETRIEVAL = Report(
    "retrieval",
    Retrieval,
    retrieval_table,
    "Retrieval of the same instant",
    f"""\
{_PAIRS} Every third frame of each target is looked for among all frames of the sources of all performances (of one
setting and draw together, some 4,800). A hit is a frame of the right performance at most 5 frames from the right one:
the nearest (Hit@1), or one of the ten nearest (Hit@10). `python -m training.evaluate retrieval --data data/mocap.npz
--weights benchmarks/weights/normalizer.npz …`""",
)


def add_commands(commands: Any) -> None:
    """Adds `correspondence`, `retrieval` and `recognition` to the parser's `commands`."""
    table_2 = commands.add_parser("correspondence", help="the paper's Table 2: frames of two videos that answer")
    table_2.set_defaults(run=run_correspondence)
    finding = commands.add_parser("retrieval", help="the same instant among the frames of all performances")
    finding.set_defaults(run=run_retrieval)
    for command in (table_2, finding):
        command.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
        command.add_argument("--seeds", type=int, default=3, help="draws of cameras and dropped frames (default: 3)")
        command.add_argument(
            "--embedding", type=named_path, action="append", metavar="NAME=PATH", help="a row: other weights of E_P"
        )
        command.add_argument("--add", action="store_true", help="keep the rows that the file of -o has beside these")
        command.add_argument("--pr-vipe", type=Path, action="append", help="a row: a checkpoint of training.pr_vipe")
        command.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    table_3 = commands.add_parser("recognition", help="the paper's Table 3: actions of Penn Action")
    table_3.set_defaults(run=run_recognition, writes_folder=True)
    table_3.add_argument("--labels", type=Path, required=True, help="archive (.tar, .tar.xz) of its label files")
    table_3.add_argument("--embedding", type=Path, help="weights of E_P (default: the shipped ones)")
    table_3.add_argument("-o", "--out", type=Path, default=Path("out/recognition"), help="folder of the report")
    for command in (table_2, finding, table_3):
        command.add_argument(
            "--checkpoint", type=named_path, action="append", metavar="NAME=PATH", help="rows of another model"
        )


def run_correspondence(options: argparse.Namespace) -> None:
    """The command `correspondence`."""
    _run_rows(options, CORRESPONDENCE, correspondence)


def run_retrieval(options: argparse.Namespace) -> None:
    """The command `retrieval`."""
    _run_rows(options, RETRIEVAL, retrieval)


def _run_rows(options: argparse.Namespace, report: Report, measured: Callable[..., Found]) -> None:
    """A command on pairs of films of the test people: figures by setting and row."""
    if options.seeds < 1:
        raise InputError(f"--seeds {options.seeds}: must be 1 or more")
    if options.add and not options.out:
        raise InputError("--add: needs -o, the file whose rows are to stay")
    weights = load_weights(options.weights)
    rows = rows_of(weights, options.checkpoint or (), options.pr_vipe or (), options.embedding or ())
    found = measured(splits.part(load_data(options.data), "test"), rows, range(options.seeds))
    if options.add:
        found = with_earlier(report, found, options.out, options.seeds)
    print(report.tables(found))
    if options.out:
        write_report(report, found, options.out, weights.name, options.seeds)


def run_recognition(options: argparse.Namespace) -> None:
    """The command `recognition`."""
    clips = read_labels(options.labels)
    weights, embedding = load_weights(options.weights), load_embedding(options.embedding)
    rows = frame_rows.rows_of(weights, options.checkpoint or (), embedding)
    make_folder(options.out)
    print(write_recognition(clips, recognize(clips, rows), options.out))


def named_path(word: str) -> tuple[str, Path]:
    """NAME=PATH."""
    name, equals, path = word.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"'{word}' must be NAME=PATH")
    return name, Path(path)
