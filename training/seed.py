"""The seed of a training, from which every random number in it follows."""

from posenorm_core.errors import InputError

# A step draws from the seed times some 1e9, plus its own number: torch takes no more than 64 bits.
_LARGEST = 2**32 - 1


def require_seed(seed: int) -> None:
    """Raises InputError where `seed` is none that a training can draw from."""
    if not 0 <= seed <= _LARGEST:
        raise InputError(f"configuration: seed = {seed} should be a whole number from 0 to {_LARGEST}")
