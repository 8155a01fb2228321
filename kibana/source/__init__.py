"""What the files below `kibana/objects` say: views, searches, dashboards and their panels, as frozen values."""
