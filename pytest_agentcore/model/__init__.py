"""Whatever answers as the model: scripted solutions here, everything else through the gateway."""
