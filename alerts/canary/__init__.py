"""A harmless attack that wwwatch sends to itself: does it still come back as mail?"""
