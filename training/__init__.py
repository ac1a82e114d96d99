"""What only training needs: mocap import, data, augmentation, fitting, evaluation. Runs from a clone, with torch."""
