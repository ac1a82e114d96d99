"""`search QUERY INDEX`: where in an indexed folder a pose, or a short sequence of poses, is found."""

import argparse
import json
from pathlib import Path

from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.commands.telling import progress, tell, warn_of_clip
from posenorm_core.errors import InputError
from posenorm_core.files import require_outputs, write_aside
from posenorm_core.pose_drawing import require_plotting
from posenorm_core.search.contact_sheet import Cell, draw_contact_sheet
from posenorm_core.search.index import Index, open_index
from posenorm_core.search.search import Hit, Query, Searcher, query_of

_MOST = 1000


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = (
        "Finds the poses of an index that are nearest to one of a clip, or where a short sequence comes again. "
        "The distance is the root mean square over the joints, whichever way the body faces."
    )
    parser.set_defaults(command=run)
    parser.add_argument("query", type=Path, metavar="QUERY", help="a clip of any format that normalize reads")
    parser.add_argument("index", type=Path, metavar="INDEX", help="the folder that index has made")
    parser.add_argument("--at", type=float, default=0.0, metavar="SECONDS", help="of the query (default: 0)")
    parser.add_argument(
        "--for", type=float, dest="lasting", metavar="SECONDS", help="a sequence from there on (default: one pose)"
    )
    parser.add_argument("--mirrored", action="store_true", help="also what is the query's mirror image")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="how many to find (default: 10)")
    parser.add_argument("--person", type=int, metavar="N", help="of the query (default: the most visible)")
    parser.add_argument("--fps", type=float, metavar="F", help="the query's frame rate where its format has none")
    parser.add_argument("--sheet", type=Path, metavar="P.png", help="also draw the query and what is found")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write what is found for programs")


def run(options: argparse.Namespace) -> None:
    """The command."""
    _check(options)
    index = open_index(options.index)
    clip = read_any(options.query, options.fps)
    warn_of_clip(clip, options.fps)
    motion = motion_of(clip, options.person, progress=progress("normalizing the query"))
    queries = [
        query_of(motion, options.at, options.lasting, mirrored)
        for mirrored in ((False, True) if options.mirrored else (False,))
    ]
    hits = Searcher(index).nearest(queries, options.count)
    if len(hits) < options.count:
        tell(f"{options.index}: has no more than {len(hits)} such places")
    _print(hits)
    if options.json:
        with write_aside(options.json) as aside:
            aside.write_text(json.dumps([_told(hit) for hit in hits], indent=2) + "\n", encoding="utf-8")
    if options.sheet:
        title = Cell(queries[0].descriptors, options.query.name, f"query\n{options.at:.2f} s")
        draw_contact_sheet(options.sheet, title, [_cell(index, hit, queries[0]) for hit in hits])


def _check(options: argparse.Namespace) -> None:
    """Raises InputError, before any work, where an option is no good."""
    if not 1 <= options.count <= _MOST:
        raise InputError(f"--count {options.count}: must be 1 to {_MOST}")
    if options.lasting is not None and not options.lasting > 0:
        raise InputError(f"--for {options.lasting:g}: must be more than 0 seconds; leave it out for one pose")
    if options.sheet:
        require_plotting(options.sheet)
    require_outputs(filter(None, (options.sheet, options.json)), (options.query, *options.index.glob("*")))


def _print(hits: list[Hit]) -> None:
    """The hits as a table."""
    rows = [("clip", "person", "time s", "frame", "distance mm", "")]
    for hit in hits:
        place = (f"{hit.seconds:.2f}", f"{hit.frame}", f"{1000 * hit.distance:.1f}")
        rows.append((hit.clip.name, f"{hit.clip.person}", *place, "mirrored" if hit.mirrored else ""))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for name, *numbers, mirrored in rows:
        told = [word.rjust(width) for word, width in zip(numbers, widths[1:], strict=False)]
        print("  ".join([name.ljust(widths[0]), *told, mirrored]).rstrip())


def _told(hit: Hit) -> dict[str, str | int | float | bool]:
    """A hit for programs."""
    return {
        "clip": hit.clip.name,
        "path": hit.clip.path,
        "person": hit.clip.person,
        "seconds": round(hit.seconds, 4),
        "frame": hit.frame,
        "distance_mm": round(1000 * hit.distance, 3),
        "mirrored": hit.mirrored,
    }


def _cell(index: Index, hit: Hit, query: Query) -> Cell:
    """A hit for the sheet."""
    frames = len(query.at_rate(hit.clip.fps))
    found = index.descriptors(hit.clip)[hit.frame : hit.frame + frames]
    words = f"{hit.seconds:.2f} s, person {hit.clip.person}\n{1000 * hit.distance:.0f} mm"
    return Cell(found, hit.clip.name, words + (", mirrored" if hit.mirrored else ""))
