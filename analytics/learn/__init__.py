"""How models come to be, from recordings and one seed. Nothing here runs in a service: the place for pandas and scikit-learn."""
