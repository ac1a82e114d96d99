"""Human3.6M's cameras: the published calibration, and the lens by the data set's own formula."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from human36m_files import pixels
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from training.human36m.cameras import CAMERA_NAMES, SUBJECTS, Camera, cameras_of

ALL = [(subject, camera) for subject in SUBJECTS for camera in cameras_of(subject)]
SPREAD = np.random.default_rng(0).uniform([-1.5, -1.5, 0], [1.5, 1.5, 2], (50, 3))


def test_the_table_is_the_published_calibration(shared_data: Path) -> None:
    published = json.loads((shared_data / "benchmarks" / "h36m_cameras.json").read_text())
    assert tuple(published["extrinsics"]) == SUBJECTS
    assert tuple(camera["id"] for camera in published["cameras"]) == CAMERA_NAMES
    for subject, places in published["extrinsics"].items():
        for camera, place, lens in zip(cameras_of(subject), places, published["cameras"], strict=True):
            assert_allclose(camera.rotation, place["orientation"], atol=1e-7)
            assert_allclose(camera.position, np.array(place["translation"]) / 1000, atol=1e-6)
            assert_allclose(camera.focal_length, lens["focal_length"], atol=1e-4)
            assert_allclose(camera.principal_point, lens["center"], atol=1e-4)
            assert_allclose([*camera.radial, *camera.tangential], [*lens["radial"], *lens["tangential"]], atol=1e-12)
            assert camera.image_size == tuple(lens["size"])


def test_points_land_where_the_data_sets_own_formula_puts_them() -> None:
    for _, camera in ALL:
        assert_allclose(camera.project(camera.see(SPREAD)), pixels(camera, SPREAD), atol=1e-8)


def test_the_other_order_of_the_tangential_pair_is_seen_in_the_pixels() -> None:
    for camera in cameras_of("S9"):
        swapped = replace(camera, tangential=camera.tangential[::-1])
        assert np.abs(swapped.project(camera.see(SPREAD)) - pixels(camera, SPREAD)).max() > 0.02


@pytest.mark.parametrize(("subject", "camera"), ALL, ids=[f"{s}-{c.name}" for s, c in ALL])
def test_every_camera_stands_upright_around_the_room_and_sees_its_middle(subject: str, camera: Camera) -> None:
    down = np.asarray(quaternion.rotate(camera.rotation, np.array([0.0, 1.0, 0.0])))
    assert down[2] < -0.9
    assert 3 < np.linalg.norm(camera.position[:2]) < 7
    assert 1 < camera.position[2] < 2
    middle = camera.project(camera.see(np.array([0.0, 0.0, 1.0])))
    assert np.abs(middle - 500).max() < 250


def test_a_subject_without_calibration_is_told() -> None:
    with pytest.raises(InputError, match="S2: its cameras are not known; subjects: S1, S5"):
        cameras_of("S2")
