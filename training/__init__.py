"""What only training needs: mocap import, data, augmentation, fitting, evaluation. Runs from a clone, with torch."""

import sys
from importlib.util import find_spec

_PACKAGES = ("numpy", "torch", "tqdm", "tensorboard", "matplotlib", "scipy", "sklearn")

# A command of this package is about to be looked up (`python -m training.…`): what it lacks is told in one line, before
# its first import ends in a traceback. Whoever imports a module of it gets Python's own ModuleNotFoundError.
if sys.argv[:1] == ["-m"] and (_missing := [name for name in _PACKAGES if find_spec(name) is None]):
    print(f"error: not installed here: {', '.join(_missing)}; pip install -e '.[training]'", file=sys.stderr)
    sys.exit(2)
