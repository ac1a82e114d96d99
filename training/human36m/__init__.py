"""Human3.6M, for those who have its files: a source of motion to train on, and Protocol 1, the field's yardstick.

Written from the published layout of the files and tried on small ones in that layout: **no real file was seen**.
What was therefore taken on trust is said where it is used (`angles`, `files`), and checked against the positions
wherever they can tell; what does not fit is refused with a line that says so.
"""
