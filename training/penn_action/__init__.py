"""Action recognition on Penn Action, the paper's Table 3: its annotated joints through each row's features."""
