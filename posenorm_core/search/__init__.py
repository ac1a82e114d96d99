"""Search among the poses of many clips: descriptors of poses, indexes of clips, and what is nearest in them."""
