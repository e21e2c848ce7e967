"""The screen: what a player sees and touches while the instrument plays."""
