"""The shape of E_P: which of the paper's three networks looks at a pose, and what it is told of the poses around it."""

from dataclasses import dataclass

from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.errors import InputError

NETWORKS = ("fully_connected", "graph", "pointnet")
INPUTS = {"positions": 3, "positions and rotations": 9}  # numbers a joint
KERNEL = 5  # frames of a convolution over time
# The pelvis never moves in a normalized pose.
NODES = JOINT_COUNT - 1


@dataclass(frozen=True)
class EmbeddingArchitecture:
    """All that the weights of E_P have to agree on; the defaults are the paper's: a pose and nothing else."""

    network: str = "fully_connected"
    inputs: str = "positions"
    width: int = 128  # numbers that a pose is known by before the last layer
    blocks: int = 2  # of the network that looks at a pose, each two layers
    size: int = 32  # of the feature
    # Frames between those that a convolution over time sees, layer by layer; none: a pose is all that is seen.
    dilations: tuple[int, ...] = ()
    centred: bool = False  # what a clip's poses have in common is taken away: there a view's error sits

    def __post_init__(self) -> None:
        """Raises InputError where no network can have this shape."""
        if self.network not in NETWORKS:
            raise InputError(f"network '{self.network}': must be one of {', '.join(NETWORKS)}")
        if self.inputs not in INPUTS:
            raise InputError(f"inputs '{self.inputs}': must be one of {', '.join(INPUTS)}")
        numbers = (self.width, self.blocks, self.size, *self.dilations)
        if not all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 4096 for n in numbers):
            raise InputError("width, blocks, size and every dilation must be whole numbers from 1 to 4096")

    @property
    def channels(self) -> int:
        """Numbers a joint that the network is given."""
        return INPUTS[self.inputs]

    @property
    def context(self) -> int:
        """Frames on either side of a frame that its feature depends on, but for what is common to the clip."""
        return sum(self.dilations) * (KERNEL - 1) // 2
