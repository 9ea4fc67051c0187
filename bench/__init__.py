"""How fast, side by side with what a user would pick instead. Each module offers RATIOS: name -> measurement."""
