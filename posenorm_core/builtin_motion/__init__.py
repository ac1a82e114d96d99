"""Built-in motion: plausible whole-body movement from key poses, without any data.

Animators' dope sheets (`locomotion`, `exercises`, `gestures`) give key poses in anatomical words (`words`),
which pyquaternion composes; `in_between` joins them, `variation` makes every seed move in its own way, and
`planting` puts the feet on the floor. The default data of training, and the source of the demo and the tests::

    clip = builtin_clip("jumping_jack", seed=7, seconds=5.0)
"""

from posenorm_core.builtin_motion.clip import ACTIONS, BuiltinClip, builtin_clip, mirrored
from posenorm_core.builtin_motion.demo import demo_clips

__all__ = ["ACTIONS", "BuiltinClip", "builtin_clip", "demo_clips", "mirrored"]
