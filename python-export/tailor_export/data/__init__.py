"""Data sets (one file per family), their long-tailed subsets and augmentation."""
