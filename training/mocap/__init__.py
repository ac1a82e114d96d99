"""Reading motion capture of many rigs and bringing it to one body: what `training.prepare` is made of."""
