"""Programs that stand alone and train the network of an experiment."""
