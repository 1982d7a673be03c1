"""What holds for all tests: a property has as long as the machine needs."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
