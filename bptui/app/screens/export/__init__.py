"""The dialog of exports: what there is, in which formats, under which name."""
