"""The rows of the tables are configurations that can be built, and what is wrong with one is told by its name."""

from dataclasses import replace

import pytest

from posenorm_core.errors import InputError
from training.configuration import MODELS
from training.experiments import RESULTS, best_learning_rate
from training.models import LIFTERS, NORMALIZERS, build_model
from training.rows import load_rows

ONE = '[[rows]]\nname = "a"\ntable = "t"\ntitle = "A"\n'


def test_every_row_of_the_project_can_be_built_and_every_model_has_one():
    rows = load_rows()
    assert {row.configuration.model for row in rows.values()} == set(MODELS) == {*NORMALIZERS, *LIFTERS}
    for row in rows.values():
        assert build_model(row.configuration) is not None


def test_the_rival_differs_from_its_published_row_by_bodies_and_cameras_alone():
    rows = load_rows()
    for name in LIFTERS:
        published, rival = rows[name].configuration, rows[f"{name}_bodies"].configuration
        # Each is trained until it gains no more, the one for longer than the other.
        assert replace(published.optimization, steps=0) == replace(rival.optimization, steps=0)
        assert (published.augmentation.cameras, rival.augmentation.cameras) == ("studio", "random")
        assert published.augmentation.bone_range == 0 < rival.augmentation.bone_range


def test_the_best_learning_rate_is_none_of_the_outermost_that_were_tried():
    """Else a better one may lie beyond, and the row is weaker than it need be."""
    for row in load_rows().values():
        if len(row.learning_rates) > 1:
            assert min(row.learning_rates) < best_learning_rate(row, RESULTS) < max(row.learning_rates), row.name


def test_each_ablation_changes_one_thing():
    rows = load_rows()
    base = rows["base"]
    for row in rows.values():
        if row.table != "ablations" or row is base:
            continue
        sections = [s for s, value in vars(row.configuration).items() if value != getattr(base.configuration, s)]
        # A network that mixes otherwise has another width for as many parameters; of more drafts each is taught less.
        follows = "network" if "model" in sections else "losses" if row.configuration.network.refinements > 1 else None
        assert len([s for s in sections if s != follows]) + (not row.average_mirror) == 1, row.name


def test_changes_are_laid_over_the_group_and_the_group_over_what_is_common(tmp_path):
    path = tmp_path / "rows.toml"
    path.write_text(
        "[common.augmentation]\nmirror = 0.1\nnoisy = 0.2\nmiss = 0.3\n"
        "[groups.t.augmentation]\nnoisy = 0.4\nmiss = 0.5\n" + ONE + "change.augmentation = { miss = 0.6 }\n"
    )
    options = load_rows(path)["a"].configuration.augmentation
    assert (options.mirror, options.noisy, options.miss) == (0.1, 0.4, 0.6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONE + "change.augmentation = { mirrors = 1.0 }", "row 'a'.*mirrors"),
        (ONE + 'change.model = "lifter"', "row 'a'.*lifter"),
        (ONE + ONE, "two rows 'a'"),
        ('[[rows]]\nname = "a"\n', "row 'a'.*table"),
        ("[[rows]", "cannot be read"),
    ],
)
def test_a_wrong_row_is_told_by_its_name(tmp_path, text, words):
    path = tmp_path / "rows.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        load_rows(path)
