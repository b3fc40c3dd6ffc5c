"""From a roster to a graduate's hand: templates, rosters, signed credentials, diplomas and corrections."""
