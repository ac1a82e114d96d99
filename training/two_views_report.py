"""What two views of one performance tell of each model, as a table and in words."""

from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from training.reconstruction import Reconstruction, reconstructed
from training.tables import Column, markdown
from training.two_views import SAME_MOMENT, Agreement

_COLUMNS = (
    Column("pose"),
    Column("distance mm", 1),
    Column("of any two frames mm", 1),
    Column(f"found within {SAME_MOMENT} frames %", 0),
    Column("limbs off °", 1),
)


def views_table(rows: dict[str, Agreement]) -> str:
    """The rows by name as a Markdown table."""
    told = [[name, row.distance, row.anytime, _percent(row.found), row.limbs_off] for name, row in rows.items()]
    return markdown(_COLUMNS, told)


def truth_of_views(first: Keypoints, second: Keypoints) -> tuple[Reconstruction | None, str]:
    """The reconstruction of both views, and what is to be said of it; None where there is none."""
    try:
        truth = reconstructed(first, second)
    except InputError as error:
        return None, f"limbs off: not known, since {error}"
    return truth, f"limbs off: from the reconstruction of both views ({truth})"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
