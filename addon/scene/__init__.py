"""Everything that writes Blender's data: axes, armature, actions, the motion kept with an armature, export."""
