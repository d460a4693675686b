"""Chat platforms. Each folder turns one platform into the normal form and back."""
