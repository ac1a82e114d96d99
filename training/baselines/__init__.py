"""The position lifters that the normalizer is compared with, written anew from their papers.

Each is given the network's own input (B, T + 2·context, 72) and answers joint positions (B, T, 19, 3) from the pelvis
in the view frame, on a body of the condition skeleton's size; `own_bones` gives them the subject's size and bones.
"""
