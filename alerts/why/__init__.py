"""Why a request did, or did not, come to be told: the gates on its way, each with its evidence."""
