"""What the user chooses beside the panel's main choices, a group of properties a file."""
