"""The expectations of each suite, as data made from the declared tables."""
