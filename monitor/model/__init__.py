"""Values of the product, frozen; they import nothing of ours."""
