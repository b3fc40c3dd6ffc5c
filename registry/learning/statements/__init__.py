"""What credentials of each format state, member by member: Open Badges, the European Learning Model, others."""
