"""The shape of E_Q, shared by the torch network that is trained and the NumPy runtime that ships.

A temporal convolutional network: one convolution over three frames from the 72 inputs to `width` channels,
then residual blocks, each a convolution over three frames at its dilation and one over a single frame, then
the rotation head. Networks over a single frame may then tell the pose again, one after the other. No padding inside:
the ends of a clip are padded once, before the network.
"""

from dataclasses import dataclass
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.network_input import INPUT_CONTEXT
from posenorm_core.rotation_head import HEADS

KERNEL = 3


@dataclass(frozen=True)
class Architecture:
    """Everything that must be known to build the network; stored in checkpoints and weights."""

    width: int = 256
    dilations: tuple[int, ...] = (3, 9)
    head: str = "6d"
    picture: bool = True  # the pose is aligned with the picture, see `posenorm_core.picture`
    refinements: int = 3  # how often the pose is told again from its own joints, see `posenorm_core.refinement`
    refining_blocks: int = 0  # residual blocks of two layers in each network that tells it again, beside its own two

    def __post_init__(self) -> None:
        """Raises InputError where a value cannot be built."""
        object.__setattr__(self, "dilations", tuple(self.dilations))
        if not 1 <= self.width <= 4096:
            raise InputError(f"network: width {self.width} must be from 1 to 4096")
        if not all(isinstance(d, int) and 1 <= d <= 81 for d in self.dilations) or len(self.dilations) > 16:
            raise InputError(f"network: dilations {self.dilations} must be up to 16 whole numbers from 1 to 81")
        for name in ("refinements", "refining_blocks"):
            count = getattr(self, name)
            if not (isinstance(count, int) and 0 <= count <= 16):
                raise InputError(f"network: {name} {count} must be a whole number from 0 to 16")
        if self.head not in HEADS:
            raise InputError(f"network: head '{self.head}' must be one of {', '.join(HEADS)}")

    @property
    def network_context(self) -> int:
        """Frames on either side of an output frame that the convolutions see."""
        return (KERNEL // 2) * (1 + sum(self.dilations))

    @property
    def context(self) -> int:
        """Frames of 2D input needed on either side of an output frame, the sliding size's included."""
        return self.network_context + INPUT_CONTEXT


def architecture_of_file(told: dict[str, Any]) -> Architecture:
    """What a weights file or a checkpoint tells of its network; raises InputError or TypeError where it is none.

    Those of before there could be several refinements do not speak of them, or only of whether the pose is `refined`:
    once, by eight layers.
    """
    told = {"refined": False, **told}
    once = int(told.pop("refined"))
    return Architecture(**{"refinements": once, "refining_blocks": 3, **told})
